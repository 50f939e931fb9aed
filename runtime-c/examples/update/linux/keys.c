/* SPDX-License-Identifier: MIT */
/*
 * Public keys from a file, so that one program serves all tests; a device has them as constants (fcc keys pub --format c). A line each:
 *     <64 hex digits> tenant <id> [hooks <name>,...|none] [helpers <name>,...|none]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fc_timer.h"
#include "linux.h"

#define MOST_KEYS 16u
#define MOST_IDS  16u

static fcc_key_t keys[MOST_KEYS];
static uint8_t bytes[MOST_KEYS][32];
static uint32_t hooks[MOST_KEYS][MOST_IDS], helpers[MOST_KEYS][MOST_IDS];

static const struct {
    const char *name;
    uint32_t id;
} names[] = {
    { "printf", FC_TIMER_HELPER_PRINTF },
    { "memcpy", FC_TIMER_HELPER_MEMCPY },
    { "store_local", FC_TIMER_HELPER_STORE_LOCAL },
    { "store_global", FC_TIMER_HELPER_STORE_GLOBAL },
    { "fetch_local", FC_TIMER_HELPER_FETCH_LOCAL },
    { "fetch_global", FC_TIMER_HELPER_FETCH_GLOBAL },
    { "store_tenant", FC_TIMER_HELPER_STORE_TENANT },
    { "fetch_tenant", FC_TIMER_HELPER_FETCH_TENANT },
};

static uint32_t _helper(const char *name)
{
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].name, name) == 0) {
            return names[i].id;
        }
    }
    fail("no helper has the name %s", name);
}

/* Ids of names between commas, or of none. */
static uint32_t _ids(char *list, uint32_t *ids, int are_hooks)
{
    uint32_t count = 0;
    char *rest = NULL;
    if (strcmp(list, "none") == 0) {
        return 0;
    }
    for (char *name = strtok_r(list, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
        if (count == MOST_IDS) {
            fail("more than %u names for a key", MOST_IDS);
        }
        ids[count++] = are_hooks ? fcc_crc32(0, name, (uint32_t)strlen(name)) : _helper(name);
    }
    return count;
}

static void _read_key(char *line, uint32_t row)
{
    fcc_key_t *key = &keys[row];
    char *rest = NULL, *word = strtok_r(line, " \n", &rest);
    if (strlen(word) != 64u || strspn(word, "0123456789abcdefABCDEF") != 64u) {
        fail("a key has 64 hexadecimal digits, not %s", word);
    }
    for (uint32_t i = 0; i < 32u; i++) {
        const char digits[] = { word[2u * i], word[2u * i + 1u], 0 };
        bytes[row][i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    *key = (fcc_key_t){ .public_key = bytes[row] };
    while ((word = strtok_r(NULL, " \n", &rest)) != NULL) {
        char *value = strtok_r(NULL, " \n", &rest);
        if (value == NULL) {
            fail("nothing behind %s", word);
        }
        if (strcmp(word, "tenant") == 0) {
            key->tenant = (uint32_t)strtoul(value, NULL, 10);
        }
        else if (strcmp(word, "hooks") == 0) {
            key->hooks = hooks[row];
            key->hook_count = _ids(value, hooks[row], 1);
        }
        else if (strcmp(word, "helpers") == 0) {
            key->helpers = helpers[row];
            key->helper_count = _ids(value, helpers[row], 0);
        }
        else {
            fail("a key has no %s", word);
        }
    }
}

const fcc_key_t *keys_read(const char *path, uint32_t *count)
{
    char line[1024];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail("%s cannot be read", path);
    }
    *count = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (line[strspn(line, " \n")] == '\0' || line[0] == '#') {
            continue;
        }
        if (*count == MOST_KEYS) {
            fail("%s has more than %u keys", path, MOST_KEYS);
        }
        _read_key(line, (*count)++);
    }
    fclose(file);
    return keys;
}
