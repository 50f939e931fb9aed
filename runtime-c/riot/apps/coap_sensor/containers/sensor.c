/* SPDX-License-Identifier: MIT */
/* Answers a CoAP request with the temperature, as text: 23.45. */
#include <coap_hook.h>

#define SAUL_SENSE_TEMP    0x82
#define CODE_CONTENT       69  /* 2.05 */
#define CODE_UNAVAILABLE   163 /* 5.03 */
#define FORMAT_TEXT        0
#define PAYLOAD            1
#define MAX_TEXT           8
#define KEY_REQUESTS       1

typedef struct {
    int16_t value[3];
    uint8_t unit;
    int8_t scale;
} phydat_t;

RIOT_COAP_SEC uint64_t sensor(riot_coap_ctx_t *ctx)
{
    phydat_t data = { 0 };
    char text[MAX_TEXT];
    uint32_t requests = 0;

    fcc_fetch_local(KEY_REQUESTS, &requests);
    fcc_store_local(KEY_REQUESTS, requests + 1);

    if (fcc_saul_reg_read(fcc_saul_reg_find_type(SAUL_SENSE_TEMP), &data) < 1) {
        return (uint64_t)(int64_t)fcc_gcoap_resp_init(ctx, CODE_UNAVAILABLE);
    }
    uint32_t length = fcc_fmt_s16_dfp(text, (uint16_t)data.value[0], (uint32_t)(int32_t)data.scale);

    fcc_gcoap_resp_init(ctx, CODE_CONTENT);
    fcc_coap_add_format(ctx, FORMAT_TEXT);
    int32_t header = fcc_coap_opt_finish(ctx, PAYLOAD);
    uint8_t *pdu = fcc_coap_get_pdu(ctx);
    if (header < 0 || length > MAX_TEXT || (uint32_t)header + length > ctx->pdu_length) {
        return (uint64_t)-1;
    }
    for (uint32_t i = 0; i < length; i++) {
        pdu[header + i] = (uint8_t)text[i];
    }
    return (uint32_t)header + length;
}
