/*
 * model.h - a policy set and a request as plain as can be: what the generator makes, the writer writes and the naive
 * evaluation reads. Texts are constants, or in the request's own buffers.
 */
#ifndef AP_NAIVE_MODEL_H
#define AP_NAIVE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LIST_MAX = 4,
	POLICIES_MAX = 6,
	NETWORKS_MAX = 3,
	EXCEPTIONS_MAX = 3,
	CLIENTS_MAX = 4,
	N_DEPARTMENTS = 6,
	ENV_MAX = 4
};

typedef struct {
	const char *items[LIST_MAX];
	size_t n;
} list;

typedef struct {
	bool all, unlisted;
	list members, domains, groups, departments; /* departments: "d1" or with its sub-departments "d1/…" */
} who;

typedef struct {
	list ip, regions;
} net;

typedef enum { ENABLED, DISABLED, REPORT_ONLY } status;

typedef struct {
	char name[24];
	bool blacklist, required, others_denied;
	status status;
	who scope, except;
	net net, except_net;
	list clients;
	int replaces; /* index, or -1 */
	bool has_not_before, has_not_after;
	int64_t not_before, not_after;
} policy;

typedef struct {
	char name[24];
	bool frees[POLICIES_MAX];
	who who;
	net net;
	list clients;
	bool has_not_before, has_not_after;
	int64_t not_before, not_after;
} exception;

typedef struct {
	const char *name;
	list service, tty, ruser, env;
	bool local;
} client_entry;

typedef struct {
	const char *name; /* the whole path */
	list members, groups;
} department;

typedef struct {
	const char *default_domain; /* or NULL */
	bool undetermined_allows;
	bool has_database;          /* databases/mmdb.py, "naive" */
	const char *default_client; /* or NULL: not written */
	client_entry clients[CLIENTS_MAX];
	size_t n_clients;
	department departments[N_DEPARTMENTS]; /* parents before their children */
	size_t n_departments;
	list networks[NETWORKS_MAX]; /* their entries; a network's name is n0, n1 … */
	size_t n_networks;
	policy policies[POLICIES_MAX];
	size_t n_policies;
	exception exceptions[EXCEPTIONS_MAX];
	size_t n_exceptions;
} policy_set;

typedef struct {
	char user[48];
	char rhost_text[64];
	const char *rhost; /* rhost_text, or NULL */
	bool at_machine;
	const char *service, *tty, *ruser, *client; /* or NULL */
	const char *env[ENV_MAX + 1];
	int64_t now;
} login;

/* The accounts and groups of the test: what a look-up of each name answers. */
typedef enum { LOOK_UP_FINDS, LOOK_UP_FINDS_NOT, LOOK_UP_FAILS } look_up;
look_up model_account(const char *name);
look_up model_group(const char *name);
bool model_account_in_group(const char *account, const char *group);

#endif
