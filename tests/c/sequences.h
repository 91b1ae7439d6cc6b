/* What the files of sequences.c share: the bytes that decide, tables of handles of every type, and
 * checks of what every function promises. */
#ifndef SEQUENCES_H
#define SEQUENCES_H

#include "check.h"

#include <stddef.h>

/* Every call goes through the table of functions, which knows afterwards what was called. */
extern const hamirror_api_v0 *api;
extern unsigned char called[];
#define SLOT(name)                                                                           \
    ((offsetof(hamirror_api_v0, name) - offsetof(hamirror_api_v0, agent_index))              \
     / sizeof(void (*)(void)))
#define FUNCTIONS (sizeof(hamirror_api_v0) / sizeof(void (*)(void)) - 1)
#define API(name) (__atomic_store_n(&called[SLOT(name)], 1, __ATOMIC_RELAXED), api->name)

enum type {
    CONFIG, BUILDER, CLIENT, SEARCH, RESULT, STATUS, ROWS, REQUEST, REPLY, BATCH, LOCAL, WAKER,
    UPKEEP, PARAMETERS, SESSION, ANSWERS, EXCERPT_OPTIONS, EXCERPTS, KEYWORDS, UPDATE,
    MIRRORED, PENDING, MERGE, ERRORS, TYPES
};

/* The next byte of the input, 0 once it has ended; and one below a limit. */
unsigned next_byte(void);
unsigned below(unsigned limit);
bool is_at_end(void);
/* A text of the input's choice: NULL, ill encoded, or meant for something. */
const char *any_text(void);
const char *any_index(void);
/* The body of a reply to a SEARCH, for local indexes. */
void set_search_answer(const uint8_t *bytes, size_t len);
size_t search_answer(const uint8_t **bytes);
/* Names for configurations: a daemon that answers with the request's body, one that answers every
 * request with the reply to a SEARCH, one that answers it with a number, as after a change, and an
 * address on which nobody listens. */
extern const char *echo, *searcher, *changer, *dead;

/* A live handle of the type, or NULL. */
void *any_handle(enum type type);
/* Keeps a new handle in the place of another, which is freed. */
void keep(enum type type, void *handle);
void free_any(enum type type);
void free_all(void);

/* Where a function may leave its error: `ended(API(function)(..., failed()))`. */
hamirror_error **failed(void);
/* Whether the call did well; what it left must fit. */
bool ended(int32_t code);
/* The same of a call that makes a handle, which is kept. */
void made(enum type type, int32_t code, void *handle);

/* How deep this is inside of callbacks; what frees is not to be called there. */
extern unsigned depth;
bool enter(void);
void leave(bool was_error_wanted);

const hamirror_call_options *any_call_options(void);
void make_client(void);
void do_something(void);

/* Every getter, of a handle of the type or of all that it has. */
void read_something(void);
void forget_views(const void *owner);
void read_error(const hamirror_error *error);
void read_reply(const hamirror_reply *reply);
void read_text(hamirror_text text);
void read_failure(const hamirror_failure *failure);
void read_outcome(const hamirror_outcome *outcome, size_t failures);

void run_statement(void);
void read_answers(void);
void set_search(hamirror_search *search);
void ask_all(void);

void ask_command(void);
void read_commands(void);
void go_on(void);

void callbacks_begin(void);
void callbacks_end(void);
void make_callback_request(void);
void set_log(void);
void search_with_locals(void);
void answer_local(hamirror_local *local);

#endif
