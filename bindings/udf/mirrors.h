/* The clients that the plugin asks with: one for each configuration, shared by all statements. */
#ifndef MIRRORS_H
#define MIRRORS_H

#include <stdint.h>

enum { MIRRORS_ERROR_LEN = 512 };

/* The file in the folder of the plugin with the paths of configurations that queries may name. */
#define MIRRORS_LIST "hamirror_udf.list"

/*
 * Documents of a distributed index that match a query, on all agents. Less than that is no answer:
 * then it is false, and `error` says why.
 */
int mirrors_count(const char *config, const char *index, const char *query, int64_t *count,
                  char error[MIRRORS_ERROR_LEN]);

/*
 * The record of all hosts, after a ping of those that are quiet, as lines of a key, a tab and a
 * value, or the value of one key. It is to be freed; if it is NULL, `error` says why.
 */
char *mirrors_status(const char *config, const char *key, char error[MIRRORS_ERROR_LEN]);

#endif
