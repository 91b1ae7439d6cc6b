#include <hamirror.h>

#ifdef __cplusplus
extern "C" {
#endif
const char *version_of_other_file(void);

const char *version_of_other_file(void)
{
    return HAMIRROR_VERSION;
}
#ifdef __cplusplus
}
#endif
