/* Sequences of calls that a string of bytes decides: handles of every type, valid, NULL, freed in
 * any order and each once; borrowed views while their owner lives; callbacks that misbehave. No
 * crash, no leak, no hang, no HAMIRROR_ERROR_PANIC, and codes, errors and outputs fit together.
 *
 * sequences ECHO SEARCHER CHANGER DEAD ANSWER seeds FIRST COUNT
 * sequences ECHO SEARCHER CHANGER DEAD ANSWER files PATH...
 *
 * prints the numbers of the functions that no sequence called. For a fuzzer of its own: leave out
 * main() by -DNO_MAIN. */
#include "sequences.h"

enum { SLOTS = 4, INPUT_MAX = 600, OPERATIONS_MAX = 150 };

const hamirror_api_v0 *api;
unsigned char called[FUNCTIONS];
const char *echo = "127.0.0.1:1", *searcher = "127.0.0.1:1", *dead = "127.0.0.1:1";
const char *changer = "127.0.0.1:1";
unsigned depth;

static const uint8_t *input;
static size_t input_left;
static void *handles[TYPES][SLOTS];
static hamirror_error *last_error;
static bool is_error_wanted;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

unsigned next_byte(void)
{
    if (input_left == 0)
        return 0;
    input_left--;
    return *input++;
}

unsigned below(unsigned limit)
{
    return next_byte() % limit;
}

bool is_at_end(void)
{
    return input_left == 0;
}

void *any_handle(enum type type)
{
    unsigned choice = next_byte(), place;
    if (choice % 16 == 0)
        return NULL;
    for (place = 0; place < SLOTS; place++)
        if (handles[type][(choice + place) % SLOTS] != NULL)
            return handles[type][(choice + place) % SLOTS];
    return NULL;
}

static void free_handle(enum type type, void *handle)
{
    switch (type) {
    case CONFIG: API(config_free)(handle); break;
    case BUILDER: API(config_builder_free)(handle); break;
    case CLIENT: API(client_free)(handle); break;
    case SEARCH: API(search_free)(handle); break;
    case RESULT: API(result_free)(handle); break;
    case STATUS: API(status_free)(handle); break;
    case ROWS: API(rows_free)(handle); break;
    case REQUEST: API(request_free)(handle); break;
    case REPLY: API(reply_free)(handle); break;
    case BATCH: API(batch_free)(handle); break;
    case LOCAL: API(local_free)(handle); break;
    case WAKER: API(waker_free)(handle); break;
    case UPKEEP: API(upkeep_free)(handle); break;
    case PARAMETERS: API(parameters_free)(handle); break;
    case SESSION: API(session_free)(handle); break;
    case ANSWERS: API(answers_free)(handle); break;
    case EXCERPT_OPTIONS: API(excerpt_options_free)(handle); break;
    case EXCERPTS: API(excerpts_free)(handle); break;
    case KEYWORDS: API(keywords_free)(handle); break;
    case UPDATE: API(update_free)(handle); break;
    case MIRRORED: API(mirrored_free)(handle); break;
    case PENDING: API(pending_free)(handle); break;
    case MERGE: API(raw_merge_free)(handle); break;
    case ERRORS: API(error_free)(handle); break;
    case TYPES: break;
    }
}

/* The place is empty before the handle is freed, for a callback may look meanwhile. */
static void empty(enum type type, unsigned place)
{
    void *handle = handles[type][place];
    handles[type][place] = NULL;
    forget_views(handle);
    free_handle(type, handle);
}

void keep(enum type type, void *handle)
{
    unsigned place = below(SLOTS);
    if (handle == NULL)
        return;
    /* What is freed could be at work. */
    if (depth > 0 && handles[type][place] != NULL) {
        free_handle(type, handle);
        return;
    }
    empty(type, place);
    handles[type][place] = handle;
}

void free_any(enum type type)
{
    empty(type, below(SLOTS));
}

void free_all(void)
{
    unsigned type, place, first = below(TYPES);
    for (type = 0; type < TYPES; type++)
        for (place = 0; place < SLOTS; place++)
            empty((enum type)((first + type) % TYPES), place);
}

bool enter(void)
{
    depth++;
    return is_error_wanted;
}

void leave(bool was_error_wanted)
{
    depth--;
    is_error_wanted = was_error_wanted;
}

hamirror_error **failed(void)
{
    is_error_wanted = below(8) != 0;
    return is_error_wanted ? &last_error : NULL;
}

bool ended(int32_t code)
{
    hamirror_error *error = last_error;
    CHECK(code >= HAMIRROR_OK && code <= HAMIRROR_ERROR_CALLBACK);
    CHECK(code != HAMIRROR_ERROR_PANIC && code != HAMIRROR_ERROR_OTHER);
    CHECK(code != HAMIRROR_ERROR_FORKED);
    CHECK(code != HAMIRROR_ERROR_REENTRANT || depth > 0);
    if (!is_error_wanted)
        return code == HAMIRROR_OK;
    CHECK((code == HAMIRROR_OK) == (error == NULL) && API(error_code)(error) == code);
    read_error(error);
    keep(ERRORS, error);
    return code == HAMIRROR_OK;
}

void made(enum type type, int32_t code, void *handle)
{
    CHECK(ended(code) == (handle != NULL));
    keep(type, handle);
}

static bool begin(const uint8_t *data, size_t size)
{
    input = data;
    input_left = size;
    if (api == NULL)
        api = hamirror_api(HAMIRROR_API_VERSION);
    return size > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned number;
    if (!begin(data, size))
        return 0;
    callbacks_begin();
    make_client();
    for (number = 0; number < OPERATIONS_MAX && !is_at_end(); number++)
        do_something();
    free_all();
    callbacks_end();
    return 0;
}

#ifndef NO_MAIN

static unsigned long seed;
static bool is_over;

/* Also where a check or a sanitizer ends the program. */
static void tell_seed(void)
{
    if (!is_over)
        fprintf(stderr, "seed %lu\n", seed);
}

/* The same bytes for the same seed on every machine. */
static void run_seed(void)
{
    static uint8_t bytes[INPUT_MAX];
    uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    size_t place;
    for (place = 0; place < INPUT_MAX; place++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[place] = (uint8_t)(state >> 32);
    }
    LLVMFuzzerTestOneInput(bytes, INPUT_MAX);
}

static size_t read_file(const char *path, uint8_t *bytes, size_t capacity)
{
    FILE *file = fopen(path, "rb");
    size_t len;
    CHECK(file != NULL);
    len = fread(bytes, 1, capacity, file);
    fclose(file);
    return len;
}

int main(int count, char **arguments)
{
    static uint8_t bytes[INPUT_MAX], answer[4096];
    size_t place;
    CHECK(count > 7);
    atexit(tell_seed);
    echo = arguments[1];
    searcher = arguments[2];
    changer = arguments[3];
    dead = arguments[4];
    set_search_answer(answer, read_file(arguments[5], answer, sizeof answer));
    if (strcmp(arguments[6], "seeds") == 0) {
        unsigned long first = strtoul(arguments[7], NULL, 10);
        CHECK(count == 9);
        for (seed = first; seed < first + strtoul(arguments[8], NULL, 10); seed++)
            run_seed();
    } else {
        for (place = 7; place < (size_t)count; place++)
            LLVMFuzzerTestOneInput(bytes, read_file(arguments[place], bytes, sizeof bytes));
    }
    for (place = 0; place < FUNCTIONS; place++)
        if (!called[place])
            printf("%u\n", (unsigned)place);
    is_over = true;
    return 0;
}

#endif
