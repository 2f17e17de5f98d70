/*
 * A small bidirectional transformer over the bytes of a text, trained as a part of the network that uses it. Part of the
 * plugins dit and mmdit.
 *
 * Token 0 is a start token, and token i + 1 is byte i. Row b of the table of bytes is the byte b, row TEXT_ENCODER_START the
 * start token. Positions are learned. With `words`, each byte of a word also receives the word's row of a second table, which a
 * hash selects (Bojanowski et al. 2017, Enriching Word Vectors with Subword Information), so that attention need not spell first.
 * A word is a run of ASCII letters, ASCII digits and bytes from 128; the case of ASCII letters does not count. The last row is
 * that of bytes outside words.
 *
 * Padding is masked: the bits of a row depend on that row alone, not on the longest text of its batch. The empty text is the
 * null text. Functions return NULL or -1 with a message.
 */
#ifndef NEAP_ARCHITECTURE_TEXT_ENCODER_H
#define NEAP_ARCHITECTURE_TEXT_ENCODER_H

#include "transformer.h"

enum { TEXT_ENCODER_START = 256, TEXT_ENCODER_ROWS };

typedef struct text_encoder_config {
    int64_t bytes;                /* the largest number in a text */
    int64_t width, depth, heads;  /* channels of a token, blocks, attention heads */
    int64_t words;                /* rows of the table of hashed words; 0: no such table */
} text_encoder_config;

/* Parameters are borrowed from the model. Does not move after text_encoder_make. */
typedef struct text_encoder {
    text_encoder_config config;
    transformer_config sizes;
    neap_tensor *bytes, *positions; /* [TEXT_ENCODER_ROWS, width] and [config.bytes + 1, width] */
    neap_tensor *words;             /* [config.words + 1, width]; NULL: none */
    transformer_block *block;       /* owned: config.depth */
    transformer_norm norm;
} text_encoder;

/* Rows of the parameters of an architecture whose config has these fields. */
#define TEXT_ENCODER_PARAMS(type) \
    NEAP_INT(type, text, 0, 0, 4096, "Largest number of bytes of a text; 0: no text."), \
    NEAP_INT(type, text_width, 128, 4, 4096, "Channels of a token of the text encoder."), \
    NEAP_INT(type, text_depth, 2, 0, 64, "Blocks of the text encoder."), \
    NEAP_INT(type, text_heads, 4, 1, 64, "Attention heads of the text encoder, a divisor of text_width."), \
    NEAP_INT(type, text_words, 0, 0, 1000000, "Rows of the text encoder's table of hashed words; 0: bytes alone.")

/* Do heads divide the width? */
int text_encoder_check(const text_encoder_config *config);

/* Adds the parameters text_encoder.*. The encoder can be freed either way. */
int text_encoder_make(text_encoder *encoder, neap_model *model, const text_encoder_config *config);
void text_encoder_free(text_encoder *encoder); /* one of zeros, too */

/* TEXT [B, L] with LENGTHS becomes TOKENS [B, L + 1, width] with LENGTHS + 1 and POOLED [B, width], the mean of the tokens that
 * are not padding. Other kinds stay. L is at most config.bytes. */
neap_condition *text_encoder_prepare(const text_encoder *encoder, const neap_condition *condition);

/* A prepared condition with the null text in place of rows of length 0: guidances join null rows to conditions that are
 * prepared already. The same condition when there are no such rows. */
neap_condition *text_encoder_fill(const text_encoder *encoder, const neap_condition *condition);

#endif
