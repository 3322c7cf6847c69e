#include "readings.h"

const ap_postfix *ap_readings_postfix(ap_readings *readings, const char **ret_fault)
{
	if (!readings->has_postfix) {
		ap_postfix *postfix = ap_arena_alloc(readings->host->arena, sizeof(*postfix));

		if (ap_postfix_read(readings->host, postfix, &readings->postfix_fault))
			readings->postfix = postfix;
		readings->has_postfix = true;
	}
	if (ret_fault != NULL)
		*ret_fault = readings->postfix_fault;
	return readings->postfix;
}

const ap_reach *ap_readings_reach(ap_readings *readings)
{
	if (!readings->has_reach)
		readings->reach = ap_reach_of(readings->host);
	readings->has_reach = true;
	return &readings->reach;
}

const ap_host_process *ap_readings_processes(ap_readings *readings, size_t *ret_n)
{
	if (!readings->has_processes &&
	    !ap_host_processes(readings->host, &readings->processes, &readings->n_processes))
		readings->n_processes = 0;
	readings->has_processes = true;
	*ret_n = readings->n_processes;
	return readings->processes;
}

void ap_readings_clear(ap_readings *readings)
{
	if (readings->has_reach)
		ap_reach_end(&readings->reach);
	*readings = (ap_readings){ .host = readings->host };
}
