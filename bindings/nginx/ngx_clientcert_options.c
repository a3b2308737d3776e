/* Directives that set options: checked one by one when they are read, with file and line. */
#include "ngx_clientcert.h"

static const ngx_str_t config_file = ngx_string("config"), ocsp = ngx_string("ocsp");

char *ngx_clientcert_enable(ngx_conf_t *cf, ngx_command_t *cmd, void *data) {
    ngx_clientcert_conf_t *conf = data;

    conf->file = cf->conf_file->file.name.data;
    conf->line = cf->conf_file->line;
    return ngx_conf_set_flag_slot(cf, cmd, conf);
}

/* As the library compares names: case does not count, nor `-` for `_`. */
static int same_name(const ngx_str_t *a, const ngx_str_t *b) {
    size_t i;

    if (a->len != b->len)
        return 0;
    for (i = 0; i < a->len; i++)
        if ((a->data[i] == '-' ? '_' : ngx_tolower(a->data[i])) != (b->data[i] == '-' ? '_' : ngx_tolower(b->data[i])))
            return 0;
    return 1;
}

/* A relative path is relative to the folder of nginx.conf, as in nginx's own directives. */
static ngx_int_t complete(ngx_conf_t *cf, const ngx_str_t *name, ngx_str_t *value) {
    static const ngx_str_t files[] = {ngx_string("ca"),          ngx_string("ssl_client_certificate"),
                                      ngx_string("crl"),         ngx_string("ssl_crl"),
                                      ngx_string("crl_issuer"),  ngx_string("session_key"),
                                      ngx_string("config"),      ngx_string("registry")};
    static const char *const schemes[] = {"file:", "sqlite:"};
    ngx_str_t path = *value;
    size_t scheme = 0;
    ngx_uint_t i;

    for (i = 0; i < sizeof(files) / sizeof(files[0]) && !same_name(name, &files[i]); i++)
        ;
    if (i == sizeof(files) / sizeof(files[0]) || ngx_strncmp(value->data, "-----BEGIN", 10) == 0 ||
        ngx_strncmp(value->data, "hex:", 4) == 0 || value->len == 0)
        return NGX_OK;
    if (same_name(name, &files[7])) {
        for (i = 0; i < 2 && scheme == 0; i++)
            if (ngx_strncmp(value->data, schemes[i], ngx_strlen(schemes[i])) == 0)
                scheme = ngx_strlen(schemes[i]);
        if (scheme == 0)
            return NGX_OK;
    }
    path.data += scheme;
    path.len -= scheme;
    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK)
        return NGX_ERROR;
    if (scheme == 0) {
        *value = path;
        return NGX_OK;
    }
    value->data = ngx_pnalloc(cf->pool, scheme + path.len + 1);
    if (value->data == NULL)
        return NGX_ERROR;
    value->len = ngx_sprintf(value->data, "%s%V%Z", schemes[scheme == 5 ? 0 : 1], &path) - value->data - 1;
    return NGX_OK;
}

/* Keeps an option, now that the library takes it. */
static char *set(ngx_conf_t *cf, ngx_clientcert_conf_t *conf, ngx_str_t name, ngx_str_t value) {
    clientcert_config *scratch = clientcert_config_new();
    clientcert_error *error = NULL;
    ngx_clientcert_setting_t *setting;
    int32_t status;

    if (same_name(&name, &ocsp) && ngx_strcmp(value.data, "off") != 0) {
        clientcert_config_free(scratch);
        return "is for nginx to do: use ssl_ocsp";
    }
    if (complete(cf, &name, &value) != NGX_OK) {
        clientcert_config_free(scratch);
        return NGX_CONF_ERROR;
    }
    status = same_name(&name, &config_file)
                 ? clientcert_config_load(scratch, (char *)value.data, &error)
                 : clientcert_config_set(scratch, (char *)name.data, (char *)value.data, &error);
    clientcert_config_free(scratch);
    if (status != CLIENTCERT_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "clientcert: %s", clientcert_error_message(error));
        clientcert_error_free(error);
        return NGX_CONF_ERROR;
    }
    if (conf->settings == NULL)
        conf->settings = ngx_array_create(cf->pool, 8, sizeof(ngx_clientcert_setting_t));
    setting = conf->settings == NULL ? NULL : ngx_array_push(conf->settings);
    if (setting == NULL)
        return NGX_CONF_ERROR;
    setting->name = name;
    setting->value = value;
    setting->file = cf->conf_file->file.name.data;
    setting->line = cf->conf_file->line;
    return NGX_CONF_OK;
}

/* clientcert_option NAME VALUE; */
char *ngx_clientcert_option(ngx_conf_t *cf, ngx_command_t *cmd, void *conf) {
    ngx_str_t *words = cf->args->elts;

    return set(cf, conf, words[1], words[2]);
}

/* clientcert_NAME VALUE...; */
char *ngx_clientcert_values(ngx_conf_t *cf, ngx_command_t *cmd, void *conf) {
    ngx_str_t *words = cf->args->elts, name = cmd->name;
    ngx_uint_t i;
    char *result = NGX_CONF_OK;

    name.data += sizeof("clientcert_") - 1;
    name.len -= sizeof("clientcert_") - 1;
    for (i = 1; i < cf->args->nelts && result == NGX_CONF_OK; i++)
        result = set(cf, conf, name, words[i]);
    return result;
}

/* clientcert_identity RULE; where the words of a rule may stand unquoted */
char *ngx_clientcert_rule(ngx_conf_t *cf, ngx_command_t *cmd, void *conf) {
    ngx_str_t *words = cf->args->elts, name = ngx_string("identity"), rule = ngx_null_string;
    ngx_uint_t i;
    u_char *end;

    for (i = 1; i < cf->args->nelts; i++)
        rule.len += words[i].len + 1;
    rule.data = end = ngx_pnalloc(cf->pool, rule.len);
    if (end == NULL)
        return NGX_CONF_ERROR;
    for (i = 1; i < cf->args->nelts; i++) {
        end = ngx_cpymem(end, words[i].data, words[i].len);
        *end++ = ' ';
    }
    rule.len--;
    rule.data[rule.len] = '\0';
    return set(cf, conf, name, rule);
}

/* clientcert_refresh TIME [thread]; */
char *ngx_clientcert_refresh(ngx_conf_t *cf, ngx_command_t *cmd, void *data) {
    ngx_clientcert_conf_t *conf = data;
    ngx_str_t *words = cf->args->elts;

    if (cf->args->nelts == 3 && ngx_strcmp(words[2].data, "thread") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "clientcert_refresh takes a time and \"thread\", not \"%V\"",
                           &words[2]);
        return NGX_CONF_ERROR;
    }
    conf->thread = cf->args->nelts == 3;
    return ngx_conf_set_sec_slot(cf, cmd, conf);
}

void ngx_clientcert_init_conf(ngx_clientcert_conf_t *conf) {
    conf->enable = NGX_CONF_UNSET;
    conf->refresh = NGX_CONF_UNSET;
}

/* A server keeps what it says itself; of what http or stream say it takes the options that it does not name. */
char *ngx_clientcert_merge_conf(ngx_conf_t *cf, ngx_clientcert_conf_t *parent, ngx_clientcert_conf_t *conf) {
    ngx_array_t *merged;
    ngx_clientcert_setting_t *theirs, *own, *added;
    ngx_uint_t i, k, count = conf->settings == NULL ? 0 : conf->settings->nelts;

    if (conf->enable == NGX_CONF_UNSET) {
        conf->file = parent->file;
        conf->line = parent->line;
    }
    ngx_conf_merge_value(conf->enable, parent->enable, 0);
    if (conf->refresh == NGX_CONF_UNSET)
        conf->thread = parent->thread;
    ngx_conf_merge_sec_value(conf->refresh, parent->refresh, 10);
    if (parent->settings == NULL)
        return NGX_CONF_OK;
    merged = ngx_array_create(cf->pool, parent->settings->nelts + count, sizeof(ngx_clientcert_setting_t));
    if (merged == NULL)
        return NGX_CONF_ERROR;
    theirs = parent->settings->elts;
    own = count == 0 ? NULL : conf->settings->elts;
    for (i = 0; i < parent->settings->nelts; i++) {
        for (k = 0; k < count && !same_name(&own[k].name, &theirs[i].name); k++)
            ;
        if (k < count)
            continue;
        added = ngx_array_push(merged);
        *added = theirs[i];
    }
    for (k = 0; k < count; k++) {
        added = ngx_array_push(merged);
        *added = own[k];
    }
    conf->settings = merged;
    return NGX_CONF_OK;
}

int ngx_clientcert_given(const ngx_clientcert_conf_t *conf, const char *name, const char *stock) {
    ngx_clientcert_setting_t *settings;
    ngx_str_t wanted[2];
    ngx_uint_t i, k;

    if (conf->settings == NULL)
        return 0;
    settings = conf->settings->elts;
    wanted[0].data = (u_char *)name;
    wanted[0].len = ngx_strlen(name);
    wanted[1].data = (u_char *)stock;
    wanted[1].len = stock == NULL ? 0 : ngx_strlen(stock);
    for (i = 0; i < conf->settings->nelts; i++)
        for (k = 0; k < 2; k++)
            if (same_name(&settings[i].name, &wanted[k]))
                return 1;
    return 0;
}

char *ngx_clientcert_require(ngx_conf_t *cf, ngx_clientcert_requirement_t *requirement) {
    static const char *const names[] = {"none", "certificate", "verified", "user"};
    ngx_str_t *words = cf->args->elts, *user, age;
    ngx_uint_t i;

    if (requirement->requirement != NGX_CONF_UNSET_UINT)
        return "is duplicate";
    for (i = 0; i < 4 && ngx_strcmp(words[1].data, names[i]) != 0; i++)
        ;
    if (i == 4) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "clientcert_require takes none, certificate, verified or user, not \"%V\"", &words[1]);
        return NGX_CONF_ERROR;
    }
    requirement->requirement = i;
    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_strncmp(words[i].data, "max_age=", 8) == 0) {
            age.data = words[i].data + 8;
            age.len = words[i].len - 8;
            requirement->max_age = ngx_parse_time(&age, 1);
            if (requirement->max_age != (time_t)NGX_ERROR && requirement->requirement != CLIENTCERT_REQUIREMENT_NONE)
                continue;
        }
        if (requirement->requirement == CLIENTCERT_REQUIREMENT_USER &&
            ngx_strcmp(words[i].data, "strength=strong") == 0) {
            requirement->strong = 1;
            continue;
        }
        if (requirement->requirement != CLIENTCERT_REQUIREMENT_USER ||
            ngx_strncmp(words[i].data, "strength=", 9) == 0 || ngx_strncmp(words[i].data, "max_age=", 8) == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"clientcert_require %V\" does not take \"%V\"", &words[1],
                               &words[i]);
            return NGX_CONF_ERROR;
        }
        if (requirement->users == NULL)
            requirement->users = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
        user = requirement->users == NULL ? NULL : ngx_array_push(requirement->users);
        if (user == NULL)
            return NGX_CONF_ERROR;
        *user = words[i];
    }
    return NGX_CONF_OK;
}
