/* sshd_instances.h - the ssh servers of a machine: those that run or are waited for, each with its options. */
#ifndef AP_DOCTOR_SSHD_INSTANCES_H
#define AP_DOCTOR_SSHD_INSTANCES_H

#include "default_file.h"

typedef struct {
	const char *name;           /* its program's, by which it asks PAM: "sshd" */
	const char *program;        /* "/usr/sbin/sshd" */
	const char *const *options; /* -f, -o and their values, ended by NULL */
	const char *options_file;   /* that they stand in; NULL: only the process that runs tells them */
	ap_default_doubt doubt;     /* what that file may say beside */
} ap_sshd_instance;

/*
 * What a listening sshd calls itself, "sshd: /usr/sbin/sshd -D -f FILE [listener] 0 of 10-100 startups". False where
 * the title is none of that kind.
 */
bool ap_sshd_title_parse(ap_arena *arena, const char *title, ap_sshd_instance *ret_instance);

/* The options in Debian's /etc/default/ssh, SSHD_OPTS="-o UseDNS=yes": -f, -o and their values, ended by NULL. */
const char *const *ap_sshd_default_options(const ap_host *host, ap_default_doubt *ret_doubt);

/*
 * The one that /usr/sbin/sshd will be, if it is there, where ssh.service or ssh.socket is enabled or root runs none; and those
 * of these processes that root runs. Each set of options once.
 */
size_t ap_sshd_instances(const ap_host *host, const ap_host_process *processes, size_t n_processes,
			 const ap_sshd_instance **ret_instances);

#endif
