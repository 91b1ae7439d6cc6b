/* A plugin that frees its client when it is unloaded, just after that has started its thread. */
#include <hamirror.h>

int begin(void);

static hamirror_client *client;

int begin(void)
{
    static const char text[] = "searchd\n{\n ha_ping_interval = 50\n}\nindex d\n{\n"
                               " type = distributed\n agent = 127.0.0.1:1|127.0.0.1:2:i\n}\n";
    hamirror_config *config = NULL;
    hamirror_batch *batch = NULL;
    int32_t code = hamirror_config_parse(text, "plugin", &config, NULL);
    if (code == HAMIRROR_OK)
        code = hamirror_client_new(config, NULL, &client, NULL);
    /* With the first batch the pings begin. */
    if (code == HAMIRROR_OK)
        code = hamirror_batch_new(client, &batch, NULL);
    hamirror_batch_free(batch);
    hamirror_config_free(config);
    return code;
}

__attribute__((destructor)) static void end(void)
{
    hamirror_client_free(client);
}
