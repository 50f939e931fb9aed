/* SPDX-License-Identifier: MIT */
/*
 * Updates with manifests as they are on the air, signatures and all.
 *
 *     signed FOLDER STEP...
 *
 * FOLDER has the images, the public keys one after the other in `keys`, and what the steps name: `push MANIFEST IMAGE`, `run PLACE TIMES`,
 * `start`, `report`. Prints what each answers, a line each; reports end with an empty line.
 */
#include "world.h"

static uint8_t public_keys[KEY_COUNT][32];

/* A file of the folder, in memory of just its length. */
static uint8_t *_file(const char *folder, const char *name, uint32_t *length)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    snprintf(doing, sizeof(doing), "reading %.200s", path);
    FILE *file = fopen(path, "rb");
    HOLDS(file != NULL);
    fseek(file, 0, SEEK_END);
    *length = (uint32_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*length);
    HOLDS(bytes != NULL && fread(bytes, 1, *length, file) == *length);
    fclose(file);
    return bytes;
}

static int _push(const char *folder, const char *manifest_name, const char *image_name)
{
    uint32_t length;
    uint32_t image_length;
    fcc_manifest_t manifest;
    uint8_t *bytes = _file(folder, manifest_name, &length);
    uint8_t *image = _file(folder, image_name, &image_length);
    HOLDS(fcc_update_attempt(&device.update) != 0);
    int status = fcc_update_begin(&device.update, &manifest, bytes, length);
    /* Nothing of the manifest is needed any more. */
    free(bytes);
    for (uint32_t at = 0; at < image_length && status == 0; at += CHUNK) {
        uint32_t left = image_length - at;
        status = fcc_update_write(&device.update, at, image + at, left < CHUNK ? left : CHUNK);
    }
    free(image);
    return status == 0 ? fcc_update_finish(&device.update) : status;
}

int main(int argc, char **argv)
{
    static char text[4096];
    if (argc < 2) {
        return 2;
    }
    const char *folder = argv[1];
    world_start(folder);
    flash_new();
    world_layout(128, 8);
    uint32_t length;
    uint8_t *known = _file(folder, "keys", &length);
    EQUAL(length, sizeof(public_keys));
    memcpy(public_keys, known, length);
    free(known);
    for (uint32_t i = 0; i < KEY_COUNT; i++) {
        keys[i].public_key = public_keys[i];
    }
    EQUAL(device_start(), 0);
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "push") == 0 && i + 2 < argc) {
            printf("%d\n", _push(folder, argv[i + 1], argv[i + 2]));
            i += 2;
        }
        else if (strcmp(argv[i], "run") == 0 && i + 2 < argc) {
            uint32_t place = (uint32_t)atoi(argv[i + 1]);
            HOLDS(place < PLACES);
            run(place, (uint32_t)atoi(argv[i + 2]));
            printf("%lld\n", (long long)answer(place));
            i += 2;
        }
        else if (strcmp(argv[i], "start") == 0) {
            printf("%d\n", device_start());
        }
        else {
            EQUAL(strcmp(argv[i], "report"), 0);
            printf("%.*s\n", (int)fcc_update_report(&device.update, text, sizeof(text)), text);
        }
    }
    return 0;
}
