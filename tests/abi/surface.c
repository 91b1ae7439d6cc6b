/* Everything that a header says of the ABI, for abidiff: the table of functions names each
 * function with its types, and those name all others. */
#include "hamirror.h"

const hamirror_api_v0 *hamirror_surface;
