#include "line.h"

#include "words.h"

#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

enum { REMEMBERED_LINES = 100, PREFILL_KEY = 0x1f };

/* Bracketed paste (xterm's control sequences): what is pasted comes between two sequences, line ends and all. */
static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l";
static const char paste_begin[] = "\033[200~", paste_end[] = "\033[201~";

/* What a handler can tell of. Handlers are there only while a line is asked for, and run only while it is waited for. */
static volatile sig_atomic_t arrived[NSIG];

static const int watched[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH };
enum { N_WATCHED = sizeof(watched) / sizeof(watched[0]) };

struct ap_line {
	ap_context *context;
	EditLine *editor; /* NULL: a terminal that cannot do more than show lines */
	History *history;
	const ap_line_question *question;
	bool prefill_due;  /* what the line begins with does not stand there yet */
	bool prefill_sent; /* the key that puts it there was pressed */
	sigset_t usual;    /* the signal mask while a key is waited for */
	struct sigaction saved[N_WATCHED];
};

/*
 * Signals
 */

static void note_signal(int number)
{
	arrived[number] = 1;
}

/* One that was ignored when the command was started stays so. */
static void watch_signals(ap_line *line)
{
	const struct sigaction handler = { .sa_handler = note_signal };
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < N_WATCHED; i++) {
		(void)sigaddset(&set, watched[i]);
		arrived[watched[i]] = 0;
	}
	(void)sigprocmask(SIG_BLOCK, &set, &line->usual);
	for (size_t i = 0; i < N_WATCHED; i++) {
		(void)sigaction(watched[i], NULL, &line->saved[i]);
		if (line->saved[i].sa_handler != SIG_IGN)
			(void)sigaction(watched[i], &handler, NULL);
	}
}

static void unwatch_signals(const ap_line *line)
{
	for (size_t i = 0; i < N_WATCHED; i++)
		(void)sigaction(watched[i], &line->saved[i], NULL);
	(void)sigprocmask(SIG_SETMASK, &line->usual, NULL);
}

static void write_sequence(const ap_line *line, const char *sequence)
{
	if (line->editor == NULL)
		return;
	fputs(sequence, stdout);
	fflush(stdout);
}

/* Ctrl-Z: the shell gets its terminal as it was, and the line stands there again when the command goes on. */
static void stop(ap_line *line)
{
	write_sequence(line, paste_off);
	if (line->editor != NULL)
		(void)el_set(line->editor, EL_PREP_TERM, 0);
	unwatch_signals(line);
	(void)raise(SIGTSTP);
	watch_signals(line);
	if (line->editor != NULL)
		(void)el_set(line->editor, EL_PREP_TERM, 1);
	write_sequence(line, paste_on);
	if (line->editor != NULL)
		(void)el_set(line->editor, EL_REFRESH);
}

static bool is_ended(void)
{
	return arrived[SIGINT] || arrived[SIGQUIT] || arrived[SIGTERM] || arrived[SIGHUP];
}

/*
 * True when there is something to read; false where a signal ends it, now or before: what reads keys within libedit asks
 * for another when it was refused one.
 */
static bool wait_for_input(ap_line *line)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	while (!is_ended()) {
		int n = ppoll(&input, 1, NULL, &line->usual);

		if (is_ended())
			break;
		if (arrived[SIGTSTP])
			stop(line);
		if (arrived[SIGWINCH]) {
			arrived[SIGWINCH] = 0;
			if (line->editor != NULL)
				el_resize(line->editor);
		}
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return true; /* the read tells */
	}
	return false;
}

static bool is_told_again(int error)
{
	return error == EINTR || error == EAGAIN;
}

/*
 * Reading
 */

/* libedit's reading of a key, by which a signal is taken at a place where nothing is half done. 0: the input's end. */
static int read_key(EditLine *editor, wchar_t *ret_key)
{
	mbstate_t state = { 0 };
	ap_line *line = NULL;
	unsigned char byte;

	(void)el_get(editor, EL_CLIENTDATA, &line);
	if (line->prefill_due && !line->prefill_sent) {
		line->prefill_sent = true;
		*ret_key = PREFILL_KEY;
		return 1;
	}
	for (;;) {
		ssize_t n = wait_for_input(line) ? read(STDIN_FILENO, &byte, 1) : 0;
		size_t length;

		if (n < 0 && is_told_again(errno))
			continue;
		if (n <= 0)
			return 0;
		length = mbrtowc(ret_key, (const char *)&byte, 1, &state);
		if (length != (size_t)-1 && length != (size_t)-2)
			return 1;
		if (length == (size_t)-1)
			state = (mbstate_t){ 0 }; /* no character is made of these bytes: they are left out */
	}
}

/* A line of a terminal that has no keys to edit it with: what the kernel's own line discipline makes of it. */
static ap_line_outcome read_plain(ap_line *line, char **ret_text)
{
	size_t n = 0, room = 256;
	char *text = ap_arena_alloc(line->context->arena, room);

	for (;;) {
		char byte;
		ssize_t got = wait_for_input(line) ? read(STDIN_FILENO, &byte, 1) : 0;

		if (got < 0 && is_told_again(errno))
			continue;
		if (got <= 0)
			return AP_LINE_END;
		if (byte == '\n')
			break;
		if (n + 1 == room) {
			char *larger = ap_arena_alloc(line->context->arena, 2 * room);

			memcpy(larger, text, n);
			text = larger;
			room *= 2;
		}
		text[n++] = byte;
	}
	text[n] = '\0';
	*ret_text = text;
	return AP_LINE_ANSWER;
}

static size_t count_characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static unsigned char put_prefill(EditLine *editor, int key)
{
	ap_line *line = NULL;

	(void)key;
	(void)el_get(editor, EL_CLIENTDATA, &line);
	if (line->prefill_due)
		(void)el_insertstr(editor, line->question->prefill);
	line->prefill_due = false;
	return CC_REFRESH;
}

/*
 * What asks for something instead of an answer, typed where the answer stands already: it takes its place. Behind a blank
 * or any other key it is a character as others are.
 */
static unsigned char take_request(EditLine *editor, int key)
{
	const LineInfo *info = el_line(editor);
	size_t length = (size_t)(info->lastchar - info->buffer);
	const char text[] = { (char)key, '\0' };
	ap_line *line = NULL;
	const char *prefill;

	(void)el_get(editor, EL_CLIENTDATA, &line);
	prefill = line->question->prefill != NULL ? line->question->prefill : "";
	if (info->cursor == info->lastchar && length == strlen(prefill) && memcmp(info->buffer, prefill, length) == 0)
		el_deletestr(editor, (int)count_characters(prefill));
	(void)el_insertstr(editor, text);
	return CC_REFRESH;
}

static bool ends_in(const wchar_t *text, size_t n, const char *end)
{
	size_t length = strlen(end);

	for (size_t i = 0; i < length; i++)
		if (n < length || text[n - length + i] != (wchar_t)end[i])
			return false;
	return true;
}

/* What is pasted is one answer, on however many lines it stood. */
static unsigned char take_paste(EditLine *editor, int key)
{
	size_t n = 0, room = 256;
	wchar_t *text = malloc(room * sizeof(*text));

	(void)key;
	while (text != NULL && el_wgetc(editor, &text[n]) == 1) {
		n++;
		if (ends_in(text, n, paste_end)) {
			n -= sizeof(paste_end) - 1;
			break;
		}
		if (n + 1 == room) {
			wchar_t *larger = realloc(text, 2 * room * sizeof(*text));

			if (larger == NULL)
				break;
			text = larger;
			room *= 2;
		}
	}
	if (text == NULL)
		return CC_ERROR;
	while (n > 0 && (text[n - 1] == L'\n' || text[n - 1] == L'\r'))
		n--;
	text[n] = L'\0';
	for (size_t i = 0; i < n; i++)
		if (text[i] == L'\n' || text[i] == L'\r' || text[i] == L'\t')
			text[i] = L' ';
	(void)el_winsertstr(editor, text);
	free(text);
	return CC_REFRESH;
}

/*
 * Completion
 */

static void replace(EditLine *editor, const char *typed, const char *text)
{
	el_deletestr(editor, (int)count_characters(typed));
	(void)el_insertstr(editor, text);
}

/* A word that is not whole yet: its quote stays open. */
static const char *part_as_typed(ap_arena *arena, const char *part)
{
	const char *typed = ap_word_as_typed(arena, part);
	size_t length = strlen(typed);

	return length > 1 && typed[0] == '"' ? ap_arena_strndup(arena, typed, length - 1) : typed;
}

static unsigned char complete_word(ap_line *line, ap_arena *arena, const char *before)
{
	const ap_line_question *question = line->question;
	ap_candidates candidates = { .arena = arena };
	const char *word, *typed;
	size_t length;

	typed = before + ap_unfinished_word(arena, before, &word);
	question->complete(question->data, word, &candidates);
	if (candidates.n == 0)
		return CC_REFRESH_BEEP;
	if (candidates.n == 1) {
		replace(line->editor, typed,
			candidates.items[0].goes_on
				? candidates.items[0].text
				: ap_format(arena, "%s ", ap_word_as_typed(arena, candidates.items[0].text)));
		return CC_REFRESH;
	}
	length = ap_candidates_common(&candidates);
	if (length > strlen(word) && ap_word_begins(candidates.items[0].text, word)) {
		replace(line->editor, typed,
			part_as_typed(arena, ap_arena_strndup(arena, candidates.items[0].text, length)));
		return CC_REFRESH;
	}
	putchar('\n');
	ap_candidates_write(&line->context->screen, &candidates);
	fflush(stdout);
	return CC_REDISPLAY;
}

static unsigned char complete(EditLine *editor, int key)
{
	const LineInfo *info = el_line(editor);
	ap_line *line = NULL;
	ap_arena *arena;
	unsigned char result;

	(void)key;
	(void)el_get(editor, EL_CLIENTDATA, &line);
	if (line->question->complete == NULL)
		return CC_REFRESH_BEEP;
	arena = ap_arena_new();
	line->context->screen = ap_screen_of_stdout();
	result = complete_word(line, arena,
			       ap_arena_strndup(arena, info->buffer, (size_t)(info->cursor - info->buffer)));
	ap_arena_free(arena);
	return result;
}

/*
 * Lines
 */

static char *prompt_of(EditLine *editor)
{
	ap_line *line = NULL;

	(void)el_get(editor, EL_CLIENTDATA, &line);
	return ap_arena_strdup(line->context->arena, line->question->prompt);
}

static void begin_history(ap_line *line)
{
	HistEvent event;

	line->history = history_init();
	if (line->history == NULL)
		return;
	(void)history(line->history, &event, H_SETSIZE, REMEMBERED_LINES);
	(void)history(line->history, &event, H_SETUNIQUE, 1);
	(void)el_set(line->editor, EL_HIST, history, line->history);
}

/* The file of key bindings that libedit's programs share is not read: root would read what HOME says. */
static void begin_editor(ap_line *line)
{
	line->editor = el_init("accesspolicy", stdin, stdout, stderr);
	if (line->editor == NULL)
		return;
	(void)el_set(line->editor, EL_CLIENTDATA, line);
	(void)el_set(line->editor, EL_SIGNAL, 0);
	(void)el_set(line->editor, EL_EDITOR, "emacs");
	(void)el_set(line->editor, EL_PROMPT, prompt_of);
	(void)el_set(line->editor, EL_GETCFN, read_key);
	/* libedit keeps the texts of functions: as wide ones they are kept as they are, and others as copies that it leaks */
	(void)el_wset(line->editor, EL_ADDFN, L"ap-complete", L"complete the word", complete);
	(void)el_wset(line->editor, EL_ADDFN, L"ap-prefill", L"put there what the line begins with", put_prefill);
	(void)el_wset(line->editor, EL_ADDFN, L"ap-request", L"ask for something instead of an answer", take_request);
	(void)el_wset(line->editor, EL_ADDFN, L"ap-paste", L"take what is pasted as one line", take_paste);
	(void)el_set(line->editor, EL_BIND, "\t", "ap-complete", NULL);
	(void)el_set(line->editor, EL_BIND, "?", "ap-request", NULL);
	(void)el_set(line->editor, EL_BIND, "<", "ap-request", NULL);
	(void)el_set(line->editor, EL_BIND, (const char[]){ PREFILL_KEY, '\0' }, "ap-prefill", NULL);
	(void)el_set(line->editor, EL_BIND, paste_begin, "ap-paste", NULL);
	begin_history(line);
}

ap_line *ap_line_new(ap_context *context)
{
	ap_line *line = ap_arena_alloc(context->arena, sizeof(*line));
	const char *terminal = getenv("TERM");

	line->context = context;
	if (terminal != NULL && terminal[0] != '\0' && strcmp(terminal, "dumb") != 0)
		begin_editor(line);
	return line;
}

void ap_line_free(ap_line *line)
{
	if (line == NULL)
		return;
	if (line->editor != NULL)
		el_end(line->editor);
	if (line->history != NULL)
		history_end(line->history);
}

/* What cannot be put into the line is told, and an empty one stands for it. */
static ap_line_outcome ask_plainly(ap_line *line, char **ret_text)
{
	const ap_line_question *question = line->question;
	bool has_prefill = question->prefill != NULL && question->prefill[0] != '\0';
	ap_line_outcome outcome;

	if (has_prefill)
		printf("(now: %s)\n(an empty line keeps it, - takes it away)\n",
		       ap_printable(line->context->arena, question->prefill));
	fputs(question->prompt, stdout);
	fflush(stdout);
	outcome = read_plain(line, ret_text);
	if (outcome != AP_LINE_ANSWER || !has_prefill)
		return outcome;
	if ((*ret_text)[0] == '\0')
		*ret_text = ap_arena_strdup(line->context->arena, question->prefill);
	else if (strcmp(*ret_text, "-") == 0)
		(*ret_text)[0] = '\0';
	return outcome;
}

static ap_line_outcome ask_editor(ap_line *line, char **ret_text)
{
	HistEvent event;
	const char *text;
	int n;

	line->prefill_due = line->question->prefill != NULL && line->question->prefill[0] != '\0';
	line->prefill_sent = false;
	write_sequence(line, paste_on);
	text = el_gets(line->editor, &n);
	write_sequence(line, paste_off);
	if (text == NULL || n <= 0 || is_ended())
		return AP_LINE_END;
	*ret_text = ap_arena_strndup(line->context->arena, text, strcspn(text, "\n"));
	if (line->question->remembered && line->history != NULL && (*ret_text)[0] != '\0')
		(void)history(line->history, &event, H_ENTER, *ret_text);
	return AP_LINE_ANSWER;
}

static const char *without_blanks_around(char *text)
{
	size_t length;

	text += strspn(text, " \t");
	for (length = strlen(text); length > 0 && strchr(" \t", text[length - 1]) != NULL;)
		length--;
	text[length] = '\0';
	return text;
}

ap_line_outcome ap_line_ask(ap_line *line, const ap_line_question *question, const char **ret_text)
{
	ap_line_outcome outcome;
	char *text = NULL;

	line->question = question;
	fflush(stdout);
	watch_signals(line);
	outcome = line->editor != NULL ? ask_editor(line, &text) : ask_plainly(line, &text);
	if (arrived[SIGTERM] || arrived[SIGHUP])
		outcome = AP_LINE_ENDED;
	else if (arrived[SIGINT] || arrived[SIGQUIT])
		outcome = AP_LINE_INTERRUPTED;
	unwatch_signals(line);
	line->context->screen = ap_screen_of_stdout();
	if (outcome != AP_LINE_ANSWER)
		putchar('\n');
	else
		*ret_text = without_blanks_around(text);
	return outcome;
}

void ap_line_die(void)
{
	int number = arrived[SIGTERM] ? SIGTERM : SIGHUP;

	fflush(stdout);
	(void)signal(number, SIG_DFL);
	(void)raise(number);
	_exit(AP_EXIT_NO);
}
