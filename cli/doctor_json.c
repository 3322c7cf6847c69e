#include "doctor_report.h"
#include "jsontext.h"

static json_t *finding_json(ap_arena *arena, const ap_finding *finding)
{
	json_t *object = ap_json_object();

	ap_json_set(object, "kind", ap_json_text(arena, ap_finding_kind_names[finding->kind]));
	ap_json_set(object, "check", ap_json_text(arena, finding->check));
	ap_json_set(object, "service", ap_json_text(arena, finding->service));
	ap_json_set(object, "file", ap_json_text(arena, finding->file));
	ap_json_set(object, "line", ap_json_line(finding->line));
	ap_json_set(object, "what", ap_json_text(arena, finding->what));
	ap_json_set(object, "why", ap_json_text(arena, finding->why));
	ap_json_set(object, "change", ap_json_text(arena, finding->change));
	return object;
}

static json_t *services_json(ap_arena *arena, const ap_doctor *doctor)
{
	json_t *array = ap_json_array();

	for (size_t i = 0; i < doctor->coverage.n; i++) {
		const ap_coverage *item = &doctor->coverage.items[i];
		json_t *object;

		if (!ap_doctor_asks_pam(doctor, item->service->name))
			continue;
		object = ap_json_object();
		ap_json_set(object, "name", ap_json_text(arena, item->service->name));
		ap_json_set(object, "file", ap_json_text(arena, item->service->file));
		ap_json_set(object, "asks", ap_json_text(arena, ap_coverage_names[item->state]));
		ap_json_append(array, object);
	}
	return array;
}

void ap_doctor_report_json(ap_context *context, const ap_doctor_report *report)
{
	const ap_finding_list *findings = report->doctor->findings;
	json_t *object = ap_json_object(), *array = ap_json_array();

	for (size_t i = 0; i < findings->n; i++)
		ap_json_append(array, finding_json(context->arena, &findings->items[i]));
	ap_json_set(object, "root", ap_json_text(context->arena, report->root[0] != '\0' ? report->root : "/"));
	ap_json_set(object, "policy_read", json_boolean(report->policy_read));
	ap_json_set(object, "services", services_json(context->arena, report->doctor));
	ap_json_set(object, "findings", array);
	ap_json_write(object);
}
