/* root.h - a folder that stands for another machine's root. */
#ifndef AP_TEST_ROOT_H
#define AP_TEST_ROOT_H

/* Writes a file, with the folders on its way that are not there; ends the test where it cannot. */
void root_write(const char *root, const char *path, const char *text);

/* The same for a folder. */
void root_make_folder(const char *root, const char *path);

#endif
