/*
 * status.h - what a function of the library answers when it cannot answer.
 *
 * A status is never a verdict: "denied" is an answer, AP_ERR_IO is the lack of one.
 */
#ifndef AP_STATUS_H
#define AP_STATUS_H

typedef enum {
	AP_OK = 0,
	AP_ERR_MEMORY,  /* an allocation failed */
	AP_ERR_IO,      /* a system call failed */
	AP_ERR_MISSING, /* the file does not exist */
	AP_ERR_TRUST,   /* a file's owner, mode or kind, or a folder on its way, is not to be trusted */
	AP_ERR_DAMAGED, /* an image that cannot be believed */
	AP_ERR_POLICY,  /* the files were read, and do not make a policy */
	AP_ERR_TIMEOUT, /* a child process took too long */
	AP_ERR_LIMIT    /* more bytes, entries or depth than is accepted */
} ap_status;

/* A status with what a person needs to mend it. `file` is "" and `line` 0 where there is none. */
typedef struct {
	ap_status status;
	unsigned line;
	char file[512];
	char message[1024];
} ap_error;

/*
 * Fills *error (which may be NULL) and returns `status`, so that a caller can write
 * `return ap_error_set(error, AP_ERR_IO, path, 0, "…")`. What does not fit is cut.
 */
__attribute__((format(printf, 5, 6))) ap_status ap_error_set(ap_error *error, ap_status status, const char *file,
							     unsigned line, const char *format, ...);

#endif
