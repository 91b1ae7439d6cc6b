//! Keys that daemons know: one that they don't know keeps them from starting.

use super::diagnostics::Diagnostics;
use super::placed::PlacedText;
use super::reading::Reading;
use super::section::{INDEX_KEYS, ResolvedSection, SectionKind, Sections};

/// Refuses what the daemon refuses: Sphinx in any section, Manticore in a distributed table, whose
/// keys don't grow with its versions.
pub(super) fn check(sections: &Sections, reading: Reading, diagnostics: &mut Diagnostics) {
    if !reading.is_lenient() {
        return;
    }
    if reading == Reading::Sphinx
        && let Some(searchd) = &sections.searchd
    {
        check_section(&searchd.keys, &[SPHINX_SEARCHD_KEYS], diagnostics);
    }
    for section in &sections.indexes {
        if reading == Reading::Sphinx {
            check_section(&section.keys, &[SPHINX_INDEX_KEYS], diagnostics);
        } else if is_distributed(section) {
            let keys = [SPHINX_INDEX_KEYS, MANTICORE_INDEX_KEYS, INDEX_KEYS];
            check_section(&section.keys, &keys, diagnostics);
        }
    }
    for section in &sections.others {
        let known = match section.kind {
            SectionKind::Source => SPHINX_SOURCE_KEYS,
            SectionKind::Indexer => SPHINX_INDEXER_KEYS,
            _ => SPHINX_COMMON_KEYS,
        };
        check_section(section.entries.iter().map(|entry| &entry.key), &[known], diagnostics);
    }
}

fn is_distributed(section: &ResolvedSection) -> bool {
    section.values("type").first().is_some_and(|kind| kind.text == "distributed")
}

/// Both daemons know keys in any case, though they use only those in small letters.
fn check_section<'a>(
    keys: impl IntoIterator<Item = &'a PlacedText>,
    known: &[&[&str]],
    diagnostics: &mut Diagnostics,
) {
    let is_known = |key: &PlacedText| {
        let lower = key.text.to_ascii_lowercase();
        known.iter().any(|keys| keys.contains(&lower.as_str()))
    };
    for key in keys.into_iter().filter(|key| !is_known(key)) {
        diagnostics.error_whole(key, "unknown key name");
    }
}

/// What searchd 2.2.11 was seen to take in a `searchd` section.
const SPHINX_SEARCHD_KEYS: &[&str] = &[
    "address",
    "agent_connect_timeout",
    "agent_query_timeout",
    "agent_retry_count",
    "agent_retry_delay",
    "attr_flush_period",
    "binlog_flush",
    "binlog_max_log_size",
    "binlog_path",
    "client_timeout",
    "collation_libc_locale",
    "collation_server",
    "dist_threads",
    "expansion_limit",
    "ha_period_karma",
    "ha_ping_interval",
    "listen",
    "listen_backlog",
    "log",
    "max_batch_queries",
    "max_children",
    "max_filter_values",
    "max_filters",
    "max_matches",
    "max_packet_size",
    "mva_updates_pool",
    "mysql_version_string",
    "ondisk_attrs_default",
    "ondisk_dict_default",
    "persistent_connections_limit",
    "pid_file",
    "plugin_dir",
    "port",
    "predicted_time_costs",
    "prefork",
    "prefork_rotation_throttle",
    "preopen_indexes",
    "query_log",
    "query_log_format",
    "query_log_min_msec",
    "read_buffer",
    "read_timeout",
    "read_unhinted",
    "rt_flush_period",
    "rt_merge_iops",
    "rt_merge_maxiosize",
    "seamless_rotate",
    "shutdown_timeout",
    "snippets_file_prefix",
    "sphinxql_state",
    "subtree_docs_cache",
    "subtree_hits_cache",
    "thread_stack",
    "unlink_old",
    "watchdog",
    "workers",
];

/// What searchd 2.2.11 was seen to take in an `index` section.
const SPHINX_INDEX_KEYS: &[&str] = &[
    "agent",
    "agent_blackhole",
    "agent_connect_timeout",
    "agent_persistent",
    "agent_query_timeout",
    "bigram_freq_words",
    "bigram_index",
    "blend_chars",
    "blend_mode",
    "charset_table",
    "charset_type",
    "dict",
    "divide_remote_ranges",
    "docinfo",
    "embedded_limit",
    "enable_star",
    "exceptions",
    "expand_keywords",
    "global_idf",
    "ha_strategy",
    "hitless_words",
    "html_index_attrs",
    "html_remove_elements",
    "html_strip",
    "ignore_chars",
    "index_exact_words",
    "index_field_lengths",
    "index_sp",
    "index_token_filter",
    "index_zones",
    "infix_fields",
    "inplace_docinfo_gap",
    "inplace_enable",
    "inplace_hit_gap",
    "inplace_reloc_factor",
    "inplace_write_factor",
    "local",
    "max_substring_len",
    "min_infix_len",
    "min_prefix_len",
    "min_stemming_len",
    "min_word_len",
    "mlock",
    "morphology",
    "ngram_chars",
    "ngram_len",
    "ondisk_attrs",
    "ondisk_dict",
    "overshort_step",
    "path",
    "phrase_boundary",
    "phrase_boundary_step",
    "prefix_fields",
    "preopen",
    "regexp_filter",
    "rlp_context",
    "rt_attr_bigint",
    "rt_attr_bool",
    "rt_attr_float",
    "rt_attr_json",
    "rt_attr_multi",
    "rt_attr_multi_64",
    "rt_attr_string",
    "rt_attr_timestamp",
    "rt_attr_uint",
    "rt_field",
    "rt_mem_limit",
    "source",
    "stopword_step",
    "stopwords",
    "stopwords_unstemmed",
    "type",
    "wordforms",
];

/// What Manticore's manual adds for tables.
const MANTICORE_INDEX_KEYS: &[&str] = &[
    "access_blob_attrs",
    "access_dict",
    "access_doclists",
    "access_hitlists",
    "access_plain_attrs",
    "attr_update_reserve",
    "columnar_attrs",
    "docstore_block_size",
    "docstore_compression",
    "docstore_compression_level",
    "engine",
    "exceptions_list",
    "hitless_words_list",
    "killlist_target",
    "morphology_skip_fields",
    "optimize_cutoff",
    "read_buffer_docs",
    "read_buffer_hits",
    "rowwise_attrs",
    "stopwords_list",
    "stored_fields",
    "stored_only_fields",
    "wordforms_list",
];

/// What searchd 2.2.11 was seen to take in a `source` section.
const SPHINX_SOURCE_KEYS: &[&str] = &[
    "csvpipe_attr_bigint",
    "csvpipe_attr_bool",
    "csvpipe_attr_float",
    "csvpipe_attr_json",
    "csvpipe_attr_multi",
    "csvpipe_attr_multi_64",
    "csvpipe_attr_string",
    "csvpipe_attr_timestamp",
    "csvpipe_attr_uint",
    "csvpipe_command",
    "csvpipe_delimiter",
    "csvpipe_field",
    "csvpipe_field_string",
    "hook_connect",
    "hook_post_index",
    "hook_query_range",
    "mssql_unicode",
    "mssql_winauth",
    "mysql_connect_flags",
    "mysql_ssl_ca",
    "mysql_ssl_cert",
    "mysql_ssl_key",
    "odbc_dsn",
    "sql_attr_bigint",
    "sql_attr_bool",
    "sql_attr_float",
    "sql_attr_json",
    "sql_attr_multi",
    "sql_attr_str2ordinal",
    "sql_attr_str2wordcount",
    "sql_attr_string",
    "sql_attr_timestamp",
    "sql_attr_uint",
    "sql_column_buffers",
    "sql_db",
    "sql_field_str2wordcount",
    "sql_field_string",
    "sql_file_field",
    "sql_host",
    "sql_joined_field",
    "sql_pass",
    "sql_port",
    "sql_query",
    "sql_query_info",
    "sql_query_killlist",
    "sql_query_post",
    "sql_query_post_index",
    "sql_query_pre",
    "sql_query_range",
    "sql_range_step",
    "sql_ranged_throttle",
    "sql_sock",
    "sql_str2ordinal_column",
    "sql_user",
    "tsvpipe_attr_bigint",
    "tsvpipe_attr_bool",
    "tsvpipe_attr_float",
    "tsvpipe_attr_json",
    "tsvpipe_attr_multi",
    "tsvpipe_attr_multi_64",
    "tsvpipe_attr_string",
    "tsvpipe_attr_timestamp",
    "tsvpipe_attr_uint",
    "tsvpipe_command",
    "tsvpipe_field",
    "tsvpipe_field_string",
    "type",
    "unpack_mysqlcompress",
    "unpack_mysqlcompress_maxsize",
    "unpack_zlib",
    "xmlpipe_attr_bigint",
    "xmlpipe_attr_bool",
    "xmlpipe_attr_float",
    "xmlpipe_attr_json",
    "xmlpipe_attr_multi",
    "xmlpipe_attr_multi_64",
    "xmlpipe_attr_str2ordinal",
    "xmlpipe_attr_string",
    "xmlpipe_attr_timestamp",
    "xmlpipe_attr_uint",
    "xmlpipe_attr_wordcount",
    "xmlpipe_command",
    "xmlpipe_field",
    "xmlpipe_field_string",
    "xmlpipe_field_wordcount",
    "xmlpipe_fixup_utf8",
];

/// What searchd 2.2.11 was seen to take in an `indexer` section.
const SPHINX_INDEXER_KEYS: &[&str] = &[
    "json_autoconv_keynames",
    "json_autoconv_numbers",
    "lemmatizer_cache",
    "max_file_field_buffer",
    "max_iops",
    "max_iosize",
    "max_xmlpipe2_field",
    "mem_limit",
    "on_file_field_error",
    "on_json_attr_error",
    "write_buffer",
];

/// What searchd 2.2.11 was seen to take in a `common` section.
const SPHINX_COMMON_KEYS: &[&str] = &[
    "json_autoconv_keynames",
    "json_autoconv_numbers",
    "lemmatizer_base",
    "on_json_attr_error",
    "plugin_dir",
    "rlp_environment",
    "rlp_max_batch_docs",
    "rlp_max_batch_size",
    "rlp_root",
];
