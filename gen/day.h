/*
 * Days of the calendar in TZ, the zone of this process: what a day is called, and when it begins. Pure, but
 * for the zone and day_today(). Any thread.
 */
#ifndef WRIT_GEN_DAY_H
#define WRIT_GEN_DAY_H

#include "../db/read.h"

enum { DAY_BYTES = 11 }; /* "2026-12-01" */

/* The local day of now. */
void day_today(char day[DAY_BYTES]);

/* The day `ahead` days after (or before) the one with this date. */
struct read_day day_from(const char *date, int ahead);

/* 0 is Monday. */
int day_of_week(const char *date);

/* As day_number() in db/todo.h counts days, and back. */
uint32_t day_to_number(const char *date);
void day_from_number(uint32_t number, char day[DAY_BYTES]);

#endif
