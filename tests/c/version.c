/* Prints the version that the header has, the version that another file saw, and that of the
 * library. The header is included twice here and once there. */
#include <hamirror.h>
#include <hamirror.h>

#include <stdio.h>

#ifdef __cplusplus
extern "C"
#endif
const char *version_of_other_file(void);

int main(void)
{
    printf("%s %d.%d.%d %s %s %u\n", HAMIRROR_VERSION, HAMIRROR_VERSION_MAJOR,
           HAMIRROR_VERSION_MINOR, HAMIRROR_VERSION_PATCH, version_of_other_file(),
           hamirror_version(), (unsigned)hamirror_version_number());
    return 0;
}
