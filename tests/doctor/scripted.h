/* scripted.h - what the module of scripted.c shares with the test that loads it. */
#ifndef AP_TEST_SCRIPTED_H
#define AP_TEST_SCRIPTED_H

enum { SCRIPT_ANSWERS = 16, SCRIPT_ASKED_MAX = 256 };

typedef struct {
	int answers[SCRIPT_ANSWERS];
	int asked[SCRIPT_ASKED_MAX]; /* the places that were asked, in their order */
	int n_asked;
} script;

#endif
