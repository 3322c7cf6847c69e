/*
 * Logins while two policies take each other's place, a thousand times: each login is decided by the one or by the other,
 * both decisions of an image that was opened belong together, and none fails.
 *
 * N_READERS processes log in without a pause, most of them through the library, some through libpam and the module. The
 * policies are large enough that a login reads blocks long after it has opened the image. AP_ALTERNATIONS=N repeats it
 * more or less often.
 */
#include "../../lib/login/applied.h"
#include "../../lib/make/state.h"
#include "../pam/harness.h"
#include "compiled.h"
#include "rows.h"
#include "scratch.h"
#include "small_policy.h"

#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { N_READERS = 32, N_THROUGH_PAM = 8, N_ALTERNATIONS = 1000, N_TENANTS = 400 };

/* Of one process, in memory that is shared with the one that counts them. */
typedef struct {
	unsigned long n_logins;
	unsigned long n_by[2];
	char fault[2048]; /* "": none */
} counts;

typedef struct {
	counts readers[N_READERS];
	bool stop;
} shared;

static shared *all;
static char *folder, *state_folder, *image_path, *confdir;

static const char *const users[2] = { "alice@tenant311.example", "bob@tenant311.example" };

/* `letter` denies users[denied], and says so of the other too; both stand among many that concern neither. */
static char *policy_text(char letter, int denied)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	(void)fprintf(out, "message = \"by %c\";\npolicies = (\n", letter);
	for (int i = 0; i < N_TENANTS; i++)
		(void)fprintf(out,
			      "  { name = \"%c-tenant %d\"; type = \"whitelist\"; scope = { members = [ "
			      "\"alice@tenant%d.example\", \"bob@tenant%d.example\" ]; };\n"
			      "    ip = [ \"10.0.0.0/8\" ]; },\n",
			      letter, i, i, i);
	(void)fprintf(
		out,
		"  { name = \"%c-denies\"; type = \"blacklist\"; scope = { members = [ \"%s\" ]; }; message = \"by "
		"%c\"; }\n);\n",
		letter, users[denied], letter);
	(void)fclose(out);
	return text;
}

/*
 * Logins
 */

/* Which policy set decided: 0 is A, 1 is B; -1 with a fault noted where it is neither of them. */
static int whose(counts *own, int user, ap_verdict verdict, const char *policy, const char *message)
{
	int by = policy[0] == 'A' ? 0 : policy[0] == 'B' ? 1 : -1;
	bool denied = verdict == AP_DENY;
	const char *expected = user == by ? "-denies" : "-tenant 311";

	if (by < 0 || denied != (user == by) || strcmp(policy + 1, expected) != 0 ||
	    (denied && (strlen(message) != 4 || message[3] != policy[0]))) {
		(void)snprintf(own->fault, sizeof(own->fault), "%s: verdict %d by \"%s\", message \"%s\"", users[user],
			       (int)verdict, policy, message);
		return -1;
	}
	own->n_logins++;
	own->n_by[by]++;
	return by;
}

static int ask_image(counts *own, const ap_image *image, int user)
{
	const ap_facts facts = { .user = users[user], .rhost = "10.1.2.3", .client = "native", .now = 1790000000 };
	ap_view view = ap_view_of(image);
	ap_decision decision = { .policy = AP_NONE };
	ap_error error = { 0 };
	ap_request request;
	int by;

	if (ap_request_init(&request, image, &facts, &error) != AP_OK) {
		(void)snprintf(own->fault, sizeof(own->fault), "request: %s", error.message);
		return -1;
	}
	if (ap_evaluate(image, &request, NULL, &decision, &error) != AP_OK || decision.policy == AP_NONE) {
		(void)snprintf(own->fault, sizeof(own->fault), "%s: %s", users[user],
			       error.message[0] != '\0' ? error.message : "no policy has decided");
		by = -1;
	} else {
		by = whose(own, user, decision.verdict,
			   ap_view_string(&view, ap_view_policy_at(&view, decision.at).name),
			   ap_decision_message(image, &decision));
	}
	ap_decision_clear(&decision);
	ap_request_clear(&request);
	return by;
}

/* One image, two logins: they belong together. */
static bool log_in_by_library(counts *own)
{
	ap_error error = { 0 };
	ap_image *image;
	int first, second;

	if (ap_applied_open(state_folder, (int64_t)time(NULL), &image, &error) != AP_OK) {
		(void)snprintf(own->fault, sizeof(own->fault), "%s: %s", error.file, error.message);
		return false;
	}
	first = ask_image(own, image, 0);
	second = first >= 0 ? ask_image(own, image, 1) : -1;
	ap_image_free(image);
	if (first < 0 || second < 0)
		return false;
	if (first != second)
		(void)snprintf(own->fault, sizeof(own->fault), "one image, and decisions of both");
	return first == second;
}

static bool log_in_by_pam(counts *own)
{
	static ap_pam_outcome outcome;
	int user = (int)(own->n_logins % 2);
	const ap_pam_login login = { .service = "alternation", .user = users[user], .rhost = "10.1.2.3" };
	const char *policy;
	char name[32] = "";

	ap_pam_run(confdir, &login, AP_PAM_ACCOUNT, &outcome);
	policy = strstr(outcome.log, " policy=\"");
	if ((outcome.code != PAM_SUCCESS && outcome.code != PAM_PERM_DENIED) || policy == NULL) {
		(void)snprintf(own->fault, sizeof(own->fault), "libpam: %d: %.900s", outcome.code, outcome.log);
		return false;
	}
	(void)sscanf(policy, " policy=\"%31[^\"]", name);
	return whose(own, user, outcome.code == PAM_SUCCESS ? AP_ALLOW : AP_DENY, name, outcome.messages[0]) >= 0;
}

static void log_in_without_pause(size_t reader)
{
	counts *own = &all->readers[reader];
	size_t descriptors;

	/* nobody stays behind; and who puts the policies there has his turn among so many that never pause */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || setpriority(PRIO_PROCESS, 0, 19) != 0)
		_exit(1);
	/* what the name services and libpam keep open for themselves */
	if (!(reader < N_THROUGH_PAM ? log_in_by_pam(own) : log_in_by_library(own)))
		_exit(1);
	descriptors = ap_open_descriptors();
	while (!__atomic_load_n(&all->stop, __ATOMIC_RELAXED))
		if (!(reader < N_THROUGH_PAM ? log_in_by_pam(own) : log_in_by_library(own)))
			_exit(1);
	if (ap_open_descriptors() != descriptors) {
		(void)snprintf(own->fault, sizeof(own->fault), "%zu descriptors are open, and %zu before",
			       ap_open_descriptors(), descriptors);
		_exit(1);
	}
	_exit(0);
}

/*
 * The policies
 */

typedef struct {
	void *bytes;
	size_t size;
	ap_record record;
} policy;

static policy compile(char letter, int denied)
{
	char *text = policy_text(letter, denied);
	policy compiled = { .record = { .by = "the test", .summary = "", .n_policies = N_TENANTS + 1 } };
	ap_image *image;

	compiled.bytes = ap_test_image_bytes(text, &compiled.size);
	assert_int_equal(ap_image_open_sealed("the policy", compiled.bytes, compiled.size, &image, NULL), AP_OK);
	ap_revision_format(ap_image_head_of(image)->revision, compiled.record.revision);
	ap_revision_format(ap_image_head_of(image)->text, compiled.record.text);
	ap_image_free(image);
	free(text);
	return compiled;
}

static void put(ap_state *state, policy *next, const policy *before, unsigned number)
{
	ap_error error = { 0 };
	bool in_force = false;

	next->record.number = number;
	if (before != NULL)
		memcpy(next->record.replaced, before->record.revision, sizeof(next->record.replaced));
	if (ap_state_put(state, next->bytes, next->size, &next->record, NULL, &in_force, &error) != AP_OK)
		fail_msg("number %u: %s", number, error.message);
	assert_true(in_force);
}

static unsigned n_alternations(void)
{
	const char *given = getenv("AP_ALTERNATIONS");

	return given != NULL ? (unsigned)strtoul(given, NULL, 10) : N_ALTERNATIONS;
}

/* True if a process has ended: none does before it is told to. */
static bool anyone_has_ended(const pid_t *readers)
{
	siginfo_t info = { .si_pid = 0 };

	(void)readers;
	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

static void start_readers(pid_t *readers)
{
	for (size_t i = 0; i < N_READERS; i++) {
		readers[i] = fork();
		assert_true(readers[i] >= 0);
		if (readers[i] == 0)
			log_in_without_pause(i);
	}
}

static int end_readers(const pid_t *readers)
{
	int failed = 0;

	__atomic_store_n(&all->stop, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < N_READERS; i++) {
		int status = -1;

		AP_ROW(failed, waitpid(readers[i], &status, 0) == readers[i], "process %zu cannot be waited for", i);
		AP_ROW(failed, WIFEXITED(status) && WEXITSTATUS(status) == 0, "process %zu: status %#x: %s", i,
		       (unsigned)status, all->readers[i].fault);
		AP_ROW(failed, all->readers[i].n_logins > 0, "process %zu has not logged in", i);
	}
	return failed;
}

static void print_counts(unsigned n)
{
	unsigned long logins = 0, through_pam = 0, by[2] = { 0, 0 };

	for (size_t i = 0; i < N_READERS; i++) {
		logins += all->readers[i].n_logins;
		through_pam += i < N_THROUGH_PAM ? all->readers[i].n_logins : 0;
		by[0] += all->readers[i].n_by[0];
		by[1] += all->readers[i].n_by[1];
	}
	print_message("%u alternations, %d processes: %lu logins (%lu of them through libpam), %lu by A, %lu by B\n", n,
		      N_READERS, logins, through_pam, by[0], by[1]);
	assert_true(by[0] > 0 && by[1] > 0);
}

static void test_each_login_is_decided_by_one_of_two_policies(void **unused)
{
	policy policies[2] = { compile('A', 0), compile('B', 1) };
	unsigned n = n_alternations(), i;
	pid_t readers[N_READERS];
	ap_state *state;
	int failed;

	(void)unused;
	assert_int_equal(ap_state_open(state_folder, true, &state, NULL), AP_OK);
	assert_int_equal(ap_state_lock(state, 0, NULL), AP_OK);
	put(state, &policies[0], NULL, 1);
	start_readers(readers);
	for (i = 1; i <= n && !anyone_has_ended(readers); i++)
		put(state, &policies[i % 2], &policies[(i + 1) % 2], i + 1);
	failed = end_readers(readers);
	ap_state_close(state);
	AP_ROW(failed, i == n + 1, "somebody ended after %u alternations", i);
	AP_ROWS_END(failed);
	print_counts(n);
	free(policies[0].bytes);
	free(policies[1].bytes);
}

static int set_up(void **unused)
{
	char *arguments;

	(void)unused;
	/* no login sees a disk: one in memory is the fastest */
	if (access("/dev/shm", W_OK | X_OK) == 0 && setenv("TMPDIR", "/dev/shm", 1) != 0)
		return -1;
	folder = ap_scratch_new();
	state_folder = ap_scratch_path(folder, "state");
	image_path = ap_scratch_path(state_folder, AP_APPLIED_IMAGE);
	confdir = ap_scratch_path(folder, "services");
	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED || mkdir(confdir, 0755) != 0 || asprintf(&arguments, "image=%s", image_path) < 0)
		return -1;
	ap_pam_write_service(confdir, "alternation", "account", arguments);
	free(arguments);
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	(void)munmap(all, sizeof(*all));
	free(confdir);
	free(image_path);
	free(state_folder);
	ap_scratch_free(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_login_is_decided_by_one_of_two_policies) };

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
