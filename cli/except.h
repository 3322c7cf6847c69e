/* except.h - the commands of "accesspolicy except". */
#ifndef AP_EXCEPT_H
#define AP_EXCEPT_H

#include "command.h"

int ap_except_add(ap_context *context, int argc, char **argv);
int ap_except_list(ap_context *context, int argc, char **argv);
int ap_except_delete(ap_context *context, int argc, char **argv);

#endif
