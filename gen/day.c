/* See day.h. */
#include "day.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY_SECONDS = 24 * 60 * 60, HOUR_SECONDS = 60 * 60 };

void day_today(char day[DAY_BYTES])
{
    time_t now = time(NULL);
    struct tm tm;
    strftime(day, DAY_BYTES, "%Y-%m-%d", localtime_r(&now, &tm));
}

static struct tm calendar(const char *date)
{
    struct tm tm = {0};
    sscanf(date, "%d-%d-%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return tm;
}

uint32_t day_to_number(const char *date)
{
    struct tm tm = calendar(date);
    time_t begin = timegm(&tm);
    return begin < 0 ? 0 : (uint32_t)(begin / DAY_SECONDS);
}

void day_from_number(uint32_t number, char day[DAY_BYTES])
{
    time_t begin = (time_t)number * DAY_SECONDS;
    struct tm tm;
    strftime(day, DAY_BYTES, "%Y-%m-%d", gmtime_r(&begin, &tm));
}

int day_of_week(const char *date)
{
    return (int)((day_to_number(date) + 3) % 7); /* 1970-01-01 was a Thursday */
}

/* Some zones skip midnight when clocks go forward: then the day begins an hour later. */
struct read_day day_from(const char *date, int ahead)
{
    struct read_day day;
    struct tm tm = calendar(date);
    tm.tm_mday += ahead;
    struct tm named = tm;
    timegm(&named);
    strftime(day.date, sizeof day.date, "%Y-%m-%d", &named);
    tm.tm_isdst = -1;
    day.begin = mktime(&tm);
    localtime_r(&day.begin, &tm);
    if (tm.tm_mday != named.tm_mday)
        day.begin += HOUR_SECONDS;
    return day;
}
