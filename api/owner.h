/*
 * What the board's owner says on the command line: tokens and the passphrase.
 *
 *   writ-api token NAME [--expires DAYS]   prints a new token, alone on the last line; it is never shown
 * again writ-api tokens                        lists them writ-api revoke NAME                   ends one
 *   writ-api passphrase                    sets the passphrase: asked for on a terminal, else a line of
 * standard input writ-api passphrase --first            sets a random one if there is none, and prints it;
 * else nothing
 *
 * Each speaks to the database by itself, so it works whether the API runs or not; and then tells the
 * generator, if that runs, so that reading begins and ends at once.
 */
#ifndef WRIT_API_OWNER_H
#define WRIT_API_OWNER_H

/* Runs what the arguments of the process say. Returns its exit status: 0, 1 with a sentence on standard
 * error, or 2 with the usage. */
int owner_command(int argc, char **argv);

#endif
