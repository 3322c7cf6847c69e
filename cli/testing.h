/* testing.h - logins that are tried: who, from where, with what; each with each, decided and shown. */
#ifndef AP_TESTING_H
#define AP_TESTING_H

#include "options.h"
#include "subject.h"

/* Each user from each address with each client type and service; of what is not given stands once that there is none. */
typedef struct {
	ap_texts users;
	ap_texts ips; /* as ap_facts_set_ip takes them */
	ap_texts clients;
	ap_texts services;
} ap_logins;

/* NULL, or that these are more logins than a table is made of, in words. In the arena. */
const char *ap_logins_excess(ap_context *context, const ap_logins *logins);

/* NULL, or the first client type that the subject does not know, with what was probably meant and what there is. */
const char *ap_logins_unknown_client(ap_context *context, const ap_logins *logins, const ap_subject *subject);

/* The logins one by one, in the arena; what they have in common is copied from `common`. */
ap_facts *ap_logins_facts(ap_context *context, const ap_logins *logins, const ap_facts *common, size_t *ret_n);

/*
 * Decides over the `n` logins, and shows one in full and several as a table. `only`: this policy of the subject alone;
 * AP_NONE: all. With `is_draft` it is a draft, and what all decide with it is shown besides. AP_EXIT_YES if each is
 * allowed, AP_EXIT_NO, or AP_EXIT_POLICY after a report.
 */
int ap_testing_run(ap_context *context, const ap_subject *subject, const ap_facts *logins, size_t n, uint32_t only,
		   bool is_draft);

#endif
