/* A build callback is told whose daemon answered a SEARCH on its host last: product SPHINX
 * MANTICORE REQUEST, two addresses, and a file with the header and the body of a SEARCH. */
#include "check.h"

static uint8_t bytes[4096];
static size_t bytes_len;

struct seen {
    int32_t first, last;
    unsigned builds;
};

static int32_t build(void *user_data, const hamirror_target *target, hamirror_body *body)
{
    struct seen *seen = user_data;
    seen->last = hamirror_target_product(target);
    if (seen->builds++ == 0)
        seen->first = seen->last;
    OK(hamirror_body_append(body, bytes + 8, bytes_len - 8, &error));
    return 0;
}

static void read_request(const char *path)
{
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    bytes_len = fread(bytes, 1, sizeof bytes, file);
    CHECK(bytes_len > 8 && fclose(file) == 0);
}

/* The second request knows what the first was answered. */
static void ask(const hamirror_client *client, size_t agent, int32_t product)
{
    struct seen seen = {0};
    hamirror_request *request;
    hamirror_reply *reply;
    int round;
    OK(hamirror_request_new_with_callbacks(0, (uint16_t)(bytes[2] << 8 | bytes[3]),
                                           HAMIRROR_ACCESS_READ, build, NULL, &seen, NULL,
                                           &request, &error));
    for (round = 0; round < 2; round++) {
        OK(hamirror_client_call(client, "d", agent, request, NULL, &reply, &error));
        hamirror_reply_free(reply);
    }
    CHECK(seen.first == HAMIRROR_PRODUCT_UNKNOWN && seen.last == product);
    hamirror_request_free(request);
}

int main(int count, char **arguments)
{
    char text[300];
    hamirror_config *config;
    hamirror_client *client;
    CHECK(count == 4);
    read_request(arguments[3]);
    snprintf(text, sizeof text,
             "index d {\n type = distributed\n agent = %s:a\n agent = %s:a\n"
             " agent_query_timeout = 60s\n}\n", arguments[1], arguments[2]);
    OK(hamirror_config_parse(text, "test.conf", &config, &error));
    OK(hamirror_client_new(config, NULL, &client, &error));
    ask(client, 0, HAMIRROR_PRODUCT_SPHINX);
    ask(client, 1, HAMIRROR_PRODUCT_MANTICORE);
    hamirror_client_free(client);
    hamirror_config_free(config);
    return 0;
}
