/*
 * The context of the diffusion transformer: what it makes of texts, given tokens, given pooled vectors and pictures. A pooled
 * vector goes through an MLP and is added to the embedding of the time (Esser et al. 2024, section 4). Tokens go through an MLP
 * to cross-attention (Chen et al. 2023). A picture is further channels of the input (Saharia et al. 2022), or tokens.
 */
#include <neap/error.h>

#include "dit.h"

static text_encoder_config text_of(const dit_config *c)
{
    return (text_encoder_config){c->text, c->text_width, c->text_depth, c->text_heads, c->text_words};
}

neap_extent dit_context_picture(const dit_config *c, const transformer_config *sizes)
{
    if (c->picture == DIT_NO_PICTURE)
        return (neap_extent){0};
    return (neap_extent){c->picture_rows ? c->picture_rows : sizes->rows,
                         c->picture_columns ? c->picture_columns : sizes->columns,
                         c->picture_channels ? c->picture_channels : sizes->channels};
}

/* --- Checks ------------------------------------------------------------------------------------------------------ */

static int check_kinds(const dit_config *c)
{
    const bool cross = c->conditioning == DIT_CROSS;
    if (c->text && c->tokens)
        return neap_fail("tokens: expected 0 beside a text, got %lld", (long long)c->tokens);
    if (c->text && c->pooled)
        return neap_fail("pooled: expected 0 beside a text, got %lld", (long long)c->pooled);
    if (c->tokens && !cross)
        return neap_fail("tokens: expected 0 unless conditioning is 'cross', got %lld", (long long)c->tokens);
    if (c->picture == DIT_PICTURE_TOKENS && !cross)
        return neap_fail("picture: expected 'none' or 'channels' unless conditioning is 'cross', got 'tokens'");
    if (cross && !c->text && !c->tokens && c->picture != DIT_PICTURE_TOKENS)
        return neap_fail("conditioning: 'cross' needs text, tokens or picture = 'tokens', got none of them");
    return 0;
}

int dit_context_check(const dit_config *c, const transformer_config *sizes)
{
    const text_encoder_config text = text_of(c);
    const neap_extent picture = dit_context_picture(c, sizes);
    if (check_kinds(c) < 0 || (c->text && text_encoder_check(&text) < 0))
        return -1;
    if (c->picture == DIT_PICTURE_TOKENS && (picture.height % c->patch || picture.width % c->patch))
        return neap_fail("patch: expected a divisor of picture_rows %lld and picture_columns %lld, got %lld",
                         (long long)picture.height, (long long)picture.width, (long long)c->patch);
    return 0;
}

/* --- Building ---------------------------------------------------------------------------------------------------- */

/* An MLP from `in` to the width of the blocks, by the names of PixArt-alpha. */
static int make_projection(dit_context *x, neap_model *model, int64_t in)
{
    static const char *const names[] = {"y_embedder.y_proj.fc1", "y_embedder.y_proj.fc2"};
    for (int i = 0; i < 2; i++)
        if (neap_linear_make(&x->project[i], model, i ? x->width : in, x->width, dit_small, "%s", names[i]) < 0)
            return -1;
    return 0;
}

static int make_picture(dit_context *x, neap_model *model, const transformer_config *sizes)
{
    const neap_extent picture = dit_context_picture(x->config, sizes);
    transformer_config c = *sizes;
    c.rows = picture.height;
    c.columns = picture.width;
    c.channels = picture.channels;
    c.rope = false;
    if (neap_linear_make(&x->patches, model, transformer_patch_size(&c), c.width, transformer_xavier, "picture_embedder.proj") < 0)
        return -1;
    return transformer_positions_make(&x->picture_positions, &c, 0);
}

int dit_context_make(dit_context *x, neap_model *model, const dit_config *c, const transformer_config *sizes)
{
    const text_encoder_config text = text_of(c);
    const int64_t tokens = c->text ? c->text_width : c->tokens, pooled = c->text ? c->text_width : c->pooled;
    x->config = c;
    x->width = sizes->width;
    if (c->conditioning == DIT_CROSS && tokens && make_projection(x, model, tokens) < 0)
        return -1;
    if (c->picture == DIT_PICTURE_TOKENS && make_picture(x, model, sizes) < 0)
        return -1;
    if (pooled && dit_embedder_make(&x->pooled, model, pooled, x->width, "pooled_embedder") < 0)
        return -1;
    return c->text ? text_encoder_make(&x->text, model, &text) : 0;
}

void dit_context_free(dit_context *x)
{
    transformer_positions_free(&x->picture_positions);
    text_encoder_free(&x->text);
}

/* --- Conditions -------------------------------------------------------------------------------------------------- */

neap_condition *dit_context_prepare(const dit_context *x, const neap_condition *c)
{
    return x->config->text ? text_encoder_prepare(&x->text, c) : (neap_condition *)(uintptr_t)c;
}

const neap_condition *dit_context_fill(const dit_context *x, const neap_condition *c)
{
    return x->config->text ? text_encoder_fill(&x->text, c) : c;
}

neap_tensor *dit_context_channels(const dit_context *x, neap_tensor *pictures, const neap_condition *c)
{
    if (x->config->picture != DIT_PICTURE_CHANNELS || !pictures)
        return pictures;
    neap_tensor *picture = neap_condition_get(c, NEAP_PICTURE);
    const int64_t rows = neap_dim(pictures, 1), columns = neap_dim(pictures, 2);
    if (neap_dim(picture, 1) != rows || neap_dim(picture, 2) != columns)
        picture = neap_resize(picture, rows, columns, NEAP_LINEAR);
    return neap_concat((neap_tensor *[]){pictures, picture}, 2, 3);
}

neap_tensor *dit_context_time(const dit_context *x, neap_tensor *time, const neap_condition *c)
{
    if (!x->pooled.first.weight)
        return time;
    return neap_add(time, dit_embedder_apply(&x->pooled, neap_condition_get(c, NEAP_POOLED)));
}

static neap_tensor *picture_tokens(const dit_context *x, const neap_condition *c)
{
    neap_tensor *picture = neap_patchify(neap_condition_get(c, NEAP_PICTURE), x->config->patch);
    return neap_add(neap_linear_apply(&x->patches, picture), x->picture_positions.added);
}

/* i32 [B] + count. */
static neap_tensor *longer(neap_tensor *lengths, int64_t count)
{
    return neap_cast(neap_affine(neap_cast(lengths, NEAP_F64), 1, (double)count), NEAP_I32);
}

/* The picture comes first, so that padding stays at the end. */
neap_tensor *dit_context_tokens(const dit_context *x, const neap_condition *c, neap_tensor **lengths)
{
    neap_tensor *picture = x->config->picture == DIT_PICTURE_TOKENS ? picture_tokens(x, c) : NULL;
    *lengths = NULL;
    if (!x->project[0].weight)
        return picture;
    neap_tensor *tokens = neap_linear_apply_gelu(&x->project[0], neap_condition_get(c, NEAP_TOKENS));
    tokens = neap_linear_apply(&x->project[1], tokens);
    *lengths = neap_condition_get(c, NEAP_LENGTHS);
    if (x->config->picture != DIT_PICTURE_TOKENS)
        return tokens;
    *lengths = longer(*lengths, picture ? neap_dim(picture, 1) : 0);
    return neap_concat((neap_tensor *[]){picture, tokens}, 2, 1);
}
