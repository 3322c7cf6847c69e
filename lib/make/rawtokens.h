/* rawtokens.h - the tokens of libconfig's syntax. */
#ifndef AP_RAWTOKENS_H
#define AP_RAWTOKENS_H

#include "diagnostics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
	AP_TOKEN_END,
	AP_TOKEN_MARK, /* one of {}[]()=:;, */
	AP_TOKEN_NAME,
	AP_TOKEN_STRING,
	AP_TOKEN_INTEGER,
	AP_TOKEN_FLOAT,
	AP_TOKEN_BOOLEAN,
	AP_TOKEN_OTHER /* a word that is nothing of that */
} ap_token_kind;

typedef struct {
	ap_token_kind kind;
	const char *start;
	size_t length;
	unsigned line; /* where it starts */
} ap_token;

typedef struct {
	const char *file;
	const char *at;
	const char *end;
	unsigned line;
	ap_diagnostics *diagnostics;
	bool broken; /* a string or comment has no end: what follows cannot be told */
} ap_tokens;

/* The next token; AP_TOKEN_END for ever at the end, and once `broken`. What is wrong within a token is reported. */
ap_token ap_tokens_next(ap_tokens *tokens);

/* True if the token is that mark. */
bool ap_token_is(const ap_token *token, char mark);

/* The first character of a word that is no ASCII; 0 where there is none, and for all that is no word. */
uint32_t ap_token_foreign(const ap_token *token);

/* Writes how a message calls the token. Returns `buffer`. */
const char *ap_token_format(const ap_token *token, char *buffer, size_t size);

#endif
