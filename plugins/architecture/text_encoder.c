/* The text encoder: from the bytes of texts to tokens and pooled vectors. */
#include <stdio.h>

#include <neap/error.h>
#include <neap/memory.h>

#include "text_encoder.h"

/* --- Building ---------------------------------------------------------------------------------------------------- */

int text_encoder_check(const text_encoder_config *c)
{
    if (c->width % c->heads)
        return neap_fail("text_heads: expected a divisor of text_width %lld, got %lld", (long long)c->width,
                         (long long)c->heads);
    return 0;
}

/* The first block adds a mean over all tokens to each, of variance below 1. Tokens must not be small beside it. */
static const neap_init tables = {NEAP_INIT_NORMAL, 0.5}, places = {NEAP_INIT_NORMAL, 0.1};

static int make_tables(text_encoder *e, neap_model *model)
{
    const text_encoder_config *c = &e->config;
    e->bytes = neap_model_parameter(model, neap_dims(TEXT_ENCODER_ROWS, c->width), tables, "text_encoder.bytes.weight");
    e->positions = neap_model_parameter(model, neap_dims(c->bytes + 1, c->width), places, "text_encoder.positions.weight");
    if (c->words)
        e->words = neap_model_parameter(model, neap_dims(c->words + 1, c->width), tables, "text_encoder.words.weight");
    return e->bytes && e->positions && (e->words || !c->words) ? 0 : -1;
}

static int make_blocks(text_encoder *e, neap_model *model)
{
    char path[TRANSFORMER_PATH];
    for (int i = 0; i < e->config.depth; i++) {
        snprintf(path, sizeof path, "text_encoder.blocks.%d", i);
        if (transformer_block_make(&e->block[i], model, &e->sizes, path) < 0 ||
            transformer_block_norms_make(&e->block[i], model, path) < 0)
            return -1;
    }
    return transformer_norm_make(&e->norm, model, &e->sizes, "text_encoder.norm");
}

int text_encoder_make(text_encoder *e, neap_model *model, const text_encoder_config *c)
{
    *e = (text_encoder){.config = *c, .sizes = {.width = c->width, .depth = c->depth, .heads = c->heads, .mlp_ratio = 4}};
    e->block = neap_calloc((size_t)c->depth + 1, sizeof *e->block);
    return e->block && make_tables(e, model) == 0 ? make_blocks(e, model) : -1;
}

void text_encoder_free(text_encoder *e)
{
    neap_free(e->block);
    e->block = NULL;
}

/* --- Rows of the tables ------------------------------------------------------------------------------------------ */

typedef struct texts {
    const uint8_t *byte;   /* [rows, most] */
    const int32_t *length; /* [rows] */
    int64_t rows, most;
} texts;

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static bool in_word(int c)
{
    return c >= 128 || (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

/* FNV-1a with 64 bits (Fowler, Noll, Vo). */
static uint64_t hash(const uint8_t *byte, int64_t count)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (int64_t i = 0; i < count; i++)
        h = (h ^ (uint64_t)lower(byte[i])) * UINT64_C(0x100000001b3);
    return h;
}

static void write_bytes(const text_encoder *e, const uint8_t *byte, int64_t length, int32_t *row)
{
    (void)e;
    row[0] = TEXT_ENCODER_START;
    for (int64_t i = 0; i < length; i++)
        row[i + 1] = byte[i];
}

static void write_words(const text_encoder *e, const uint8_t *byte, int64_t length, int32_t *row)
{
    const int64_t words = e->config.words;
    row[0] = (int32_t)words;
    for (int64_t i = 0, end; i < length; i = end) {
        for (end = i; end < length && in_word(byte[end]); end++)
            ;
        const int32_t word = end > i ? (int32_t)(hash(byte + i, end - i) % (uint64_t)words) : (int32_t)words;
        end += end == i;
        for (int64_t k = i; k < end; k++)
            row[k + 1] = word;
    }
}

/* The rows of a table for all tokens, i32 [rows, most + 1]; padding has row 0. */
static neap_tensor *rows_of(const text_encoder *e, const texts *t,
                            void (*write)(const text_encoder *, const uint8_t *, int64_t, int32_t *))
{
    neap_tensor *index = neap_zeros(NEAP_I32, neap_dims(t->rows, t->most + 1));
    int32_t *row = index ? neap_data(index) : NULL;
    for (int64_t i = 0; row && i < t->rows; i++)
        write(e, t->byte + i * t->most, t->length[i], row + i * (t->most + 1));
    return index;
}

/* --- Encoding ---------------------------------------------------------------------------------------------------- */

static neap_tensor *embed(const text_encoder *e, const texts *t)
{
    neap_tensor *x = neap_embedding(e->bytes, rows_of(e, t, write_bytes));
    if (e->words)
        x = neap_add(x, neap_embedding(e->words, rows_of(e, t, write_words)));
    return neap_add(x, neap_slice(e->positions, 0, 0, t->most + 1));
}

static neap_tensor *run_block(const text_encoder *e, const transformer_block *b, neap_tensor *x, neap_tensor *lengths)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *product = neap_linear_apply(&b->qkv, transformer_norm_apply(&b->norm1, &e->sizes, x));
    x = neap_add(x, neap_linear_apply(&b->proj, neap_self_attention(product, lengths, (int)e->sizes.heads)));
    neap_tensor *h = transformer_mlp(b, transformer_norm_apply(&b->norm2, &e->sizes, x));
    return neap_scope_return(scope, neap_add(x, neap_linear_apply(&b->fc2, h)));
}

/* The mean of the first tokens of each row. A query of zeros weighs all keys equally, and the bits of attention do not depend on
 * the number of masked keys, as those of a sum over all tokens would. */
static neap_tensor *pool(neap_tensor *tokens, neap_tensor *lengths)
{
    if (!tokens)
        return NULL;
    const int64_t rows = neap_dim(tokens, 0), width = neap_dim(tokens, 2);
    const neap_shape heads = neap_dims(rows, neap_dim(tokens, 1), 1, width);
    neap_tensor *query = neap_zeros(NEAP_F32, neap_dims(rows, 1, 1, width)), *keys = neap_zeros(NEAP_F32, heads);
    return neap_reshape(neap_attention(query, keys, neap_reshape(tokens, heads), lengths), neap_dims(rows, width));
}

/* i32 [rows]: the start token counts. */
static neap_tensor *lengths_of(const texts *t)
{
    neap_tensor *lengths = neap_empty(NEAP_I32, neap_dims(t->rows));
    int32_t *length = lengths ? neap_data(lengths) : NULL;
    for (int64_t i = 0; length && i < t->rows; i++)
        length[i] = t->length[i] + 1;
    return lengths;
}

typedef struct encoding {
    neap_tensor *tokens, *pooled, *lengths;
} encoding;

static encoding encode(const text_encoder *e, const texts *t)
{
    neap_tensor *x = embed(e, t), *lengths = lengths_of(t);
    for (int64_t i = 0; i < e->config.depth; i++)
        x = run_block(e, &e->block[i], x, lengths);
    x = transformer_norm_apply(&e->norm, &e->sizes, x);
    return (encoding){x, pool(x, lengths), lengths};
}

static neap_condition *with_encoding(const neap_condition *c, encoding e)
{
    c = neap_condition_with(c, NEAP_LENGTHS, e.lengths);
    c = neap_condition_with(c, NEAP_POOLED, e.pooled);
    return neap_condition_with(c, NEAP_TOKENS, e.tokens);
}

neap_condition *text_encoder_prepare(const text_encoder *e, const neap_condition *c)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *text = neap_contiguous(neap_condition_get(c, NEAP_TEXT));
    neap_tensor *lengths = neap_contiguous(neap_condition_get(c, NEAP_LENGTHS));
    if (!text || !lengths)
        return neap_condition_return(scope, NULL);
    const texts t = {neap_data(text), neap_data(lengths), neap_dim(text, 0), neap_dim(text, 1)};
    return neap_condition_return(scope, with_encoding(neap_condition_with(c, NEAP_TEXT, NULL), encode(e, &t)));
}

/* --- Null rows --------------------------------------------------------------------------------------------------- */

/* u8 [rows]: 1 where the length is 0. NULL without a message when there is no such row. */
static neap_tensor *null_rows(const int32_t *length, int64_t rows)
{
    neap_tensor *null = neap_zeros(NEAP_U8, neap_dims(rows));
    uint8_t *flag = null ? neap_data(null) : NULL;
    bool any = false;
    for (int64_t i = 0; flag && i < rows; i++)
        any |= flag[i] = length[i] == 0;
    return any ? null : NULL;
}

/* The encoding of the null text for the rows `null`, and that of the condition elsewhere. */
static encoding encoding_with(const text_encoder *e, const neap_condition *c, neap_tensor *null)
{
    const texts empty = {(const uint8_t[]){0}, (const int32_t[]){0}, 1, 0};
    neap_tensor *tokens = neap_condition_get(c, NEAP_TOKENS), *lengths = neap_condition_get(c, NEAP_LENGTHS);
    const encoding n = encode(e, &empty);
    neap_tensor *padded = neap_pad(n.tokens, (int64_t[]){0, 0, 0, neap_dim(tokens, 1) - 1, 0, 0});
    neap_tensor *one = neap_cast(null, NEAP_F32);
    return (encoding){
        .tokens = neap_where(neap_reshape(null, neap_dims(-1, 1, 1)), padded, tokens),
        .pooled = neap_where(neap_reshape(null, neap_dims(-1, 1)), n.pooled, neap_condition_get(c, NEAP_POOLED)),
        .lengths = neap_cast(neap_add(neap_cast(lengths, NEAP_F32), one), NEAP_I32),
    };
}

neap_condition *text_encoder_fill(const text_encoder *e, const neap_condition *c)
{
    neap_scope scope = neap_scope_open();
    neap_tensor *lengths = neap_contiguous(neap_condition_get(c, NEAP_LENGTHS));
    neap_tensor *null = lengths ? null_rows(neap_data(lengths), neap_size(lengths)) : NULL;
    neap_condition *filled = null ? with_encoding(c, encoding_with(e, c, null)) : (neap_condition *)(uintptr_t)c;
    return neap_condition_return(scope, neap_failed() ? NULL : filled);
}
