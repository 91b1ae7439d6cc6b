/* What searchd and its plugins say to each other, by the layout of the daemon. */
#ifndef SEARCHD_UDF_H
#define SEARCHD_UDF_H

/* 2.2.11 asks for 8 at least, Manticore for 12. */
#define UDF_VERSION 12

#define UDF_ERROR_LEN 256

enum { UDF_TYPE_STRING = 5 };

typedef struct {
    int count;
    int *types;
    char **values; /* NULL while a statement is set up. Strings have no NUL. */
    char **names;
    int *lengths;
    void *(*alloc)(int);
} udf_args;

typedef struct {
    void *data; /* The function's own, from its _init to its _deinit. */
    char is_const;
} udf_init;

#define UDF_EXPORT __attribute__((visibility("default")))

#endif
