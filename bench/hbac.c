/*
 * hbac.c - SSSD's evaluator of access rules, in process: neither PAM nor the fetching of the rules is in its time.
 *
 *     bench-hbac RULES GROUPS COUNT
 *
 * Each of RULES rules allows one user everything. The request is of a user in GROUPS groups whom no rule names, so all
 * rules are looked at: where no rule fits, the last one is asked as well. Prints how many nanoseconds each of
 * COUNT evaluations took.
 */
#include "logins.h"

#include <err.h>
#include <inttypes.h>
#include <ipa_hbac.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static char *name_of(const char *what, size_t number)
{
	char *name;

	if (asprintf(&name, "%s%07zu", what, number) < 0)
		err(EXIT_FAILURE, "asprintf");
	return name;
}

static void *allocate(size_t n, size_t size)
{
	void *memory = calloc(n, size);

	if (memory == NULL)
		err(EXIT_FAILURE, "calloc");
	return memory;
}

static struct hbac_rule *make_rule(struct hbac_rule_element *everything, size_t number)
{
	struct hbac_rule *rule = allocate(1, sizeof(*rule));
	struct hbac_rule_element *users = allocate(1, sizeof(*users));

	users->names = allocate(2, sizeof(*users->names));
	users->names[0] = name_of("user", number);
	users->groups = allocate(1, sizeof(*users->groups));
	*rule = (struct hbac_rule){ .name = users->names[0],
				    .enabled = true,
				    .services = everything,
				    .users = users,
				    .targethosts = everything,
				    .srchosts = everything };
	return rule;
}

static struct hbac_rule **make_rules(size_t n)
{
	struct hbac_rule **rules = allocate(n + 1, sizeof(struct hbac_rule *));
	struct hbac_rule_element *everything = allocate(1, sizeof(*everything));

	everything->category = HBAC_CATEGORY_ALL;
	for (size_t i = 0; i < n; i++)
		rules[i] = make_rule(everything, i);
	return rules;
}

static struct hbac_request_element *make_element(const char *name, size_t n_groups)
{
	struct hbac_request_element *element = allocate(1, sizeof(*element));

	element->name = name;
	element->groups = allocate(n_groups + 1, sizeof(*element->groups));
	for (size_t i = 0; i < n_groups; i++)
		element->groups[i] = name_of("group", i);
	return element;
}

static uint64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
	struct hbac_rule **rules;
	struct hbac_eval_req request;

	if (argc != 4)
		errx(EXIT_FAILURE, "the number of rules, of groups, and of evaluations");
	/* all of it is freed by the end of the program */
	rules = make_rules(bench_number(argv[1]));
	request = (struct hbac_eval_req){ .service = make_element("imap", 0),
					  .user = make_element("nobody-in-particular", bench_number(argv[2])),
					  .targethost = make_element("mail.example.com", 0),
					  .srchost = make_element("192.0.2.1", 0),
					  .request_time = time(NULL) };
	for (size_t i = 0, count = bench_number(argv[3]); i < count; i++) {
		struct hbac_info *info = NULL;
		uint64_t began = now();
		enum hbac_eval_result result = hbac_evaluate(rules, &request, &info);

		printf("%" PRIu64 "\n", now() - began);
		hbac_free_info(info);
		if (result != HBAC_EVAL_DENY)
			errx(EXIT_FAILURE, "the answer is %s", hbac_result_string(result));
	}
	return EXIT_SUCCESS;
}
