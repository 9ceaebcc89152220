/*
 * Plots: what was created and finished each day, how many were open, how long todos
 * take, the lists. From bars that are counted with each write (enum bar_kind); so the page costs the same
 * on any board. It depends on what day it is.
 *
 * The geometry is here, in whole numbers, and the SVG in the template. Everything that a plot shows
 * stands beside it in numbers, too.
 */
#include "views.h"

#include <inttypes.h>
#include <utf8proc.h>

enum {
    STATS_DAYS = 91,  /* 13 weeks */
    LATELY_DAYS = 30, /* of a list: created and finished */
    STATS_LISTS = 20,
    LABEL_WIDTH = 17, /* of a list's name in its plot: columns, of which wide characters take two */

    /* Lengths in the plots */
    DAY_WIDTH = 8,
    BAR_WIDTH = 6,
    FLOW_HEIGHT = 90, /* to each side of the axis */
    OPEN_HEIGHT = 150,
    ROW_HEIGHT = 26,
    ROW_WIDTH = 480,
    DAYS_A_TICK = 14,
};

enum { CREATED, FINISHED, TOOK, LIST_CREATED, LIST_FINISHED, LIST_TOOK, BARS };

void stats_page_gather(struct renderer *r, struct page *page, struct read_questions *questions)
{
    enum audience audience = (enum audience)page->key.audience;
    enum bar_kind created = audience == AUDIENCE_PUBLIC ? BAR_PUBLIC_CREATED : BAR_CREATED;
    uint32_t today = day_to_number(r->today);
    page->bars = arena_alloc(&r->arena, BARS * sizeof *page->bars);
    read_bars(questions, created, today - (STATS_DAYS - 1), &page->bars[CREATED]);
    read_bars(questions, created + (BAR_FINISHED - BAR_CREATED), today - (STATS_DAYS - 1),
              &page->bars[FINISHED]);
    read_bars(questions, created + (BAR_TOOK - BAR_CREATED), 0, &page->bars[TOOK]);
    read_top_names(questions, audience, BUCKET_LIST, STATS_LISTS + 1, &page->lists);
}

void stats_page_gather_more(struct renderer *r, struct page *page, struct read_questions *questions)
{
    size_t n = page->lists.count < STATS_LISTS ? page->lists.count : STATS_LISTS;
    uint64_t *ids = arena_alloc(&r->arena, n * sizeof *ids);
    uint32_t from = day_to_number(r->today) - (LATELY_DAYS - 1);
    for (size_t i = 0; i < n; i++)
        ids[i] = page->lists.items[i].id;
    read_list_bars(questions, BAR_LIST_CREATED, ids, n, from, &page->bars[LIST_CREATED]);
    read_list_bars(questions, BAR_LIST_FINISHED, ids, n, from, &page->bars[LIST_FINISHED]);
    read_list_bars(questions, BAR_LIST_TOOK, ids, n, 0, &page->bars[LIST_TOOK]);
}

/* ---- scales */

/* A number that people like at the end of a scale, at least `most` and not much more. */
static uint64_t round_up(uint64_t most)
{
    static const uint64_t small[] = {1, 2, 4, 6, 8}, large[] = {10, 12, 15, 20, 25, 30, 40, 50, 60, 80};
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        if (small[i] >= most)
            return small[i];
    for (uint64_t ten = 1;; ten *= 10)
        for (size_t i = 0; i < sizeof large / sizeof *large; i++)
            if (large[i] * ten >= most)
                return large[i] * ten;
}

/* A length that can be seen, if there is anything. */
static uint64_t scaled(uint64_t value, uint64_t most, uint64_t length)
{
    uint64_t scaled = value * length / (most ? most : 1);
    return value && !scaled ? 1 : scaled;
}

static struct mustache_list view_ticks(struct arena *a, const struct tick_view *ticks, size_t n)
{
    struct tick_view *copy = arena_alloc(a, n * sizeof *copy);
    memcpy(copy, ticks, n * sizeof *copy);
    return (struct mustache_list){copy, n};
}

static const char *number_text(struct arena *a, uint64_t n)
{
    return arena_printf(a, "%" PRIu64, n);
}

/* ---- by day */

struct days {
    uint64_t created[STATS_DAYS], finished[STATS_DAYS],
        open[STATS_DAYS]; /* the oldest first; open: at its end */
    uint64_t most_flow, most_open, all_created, all_finished;
    uint32_t first;
};

static uint64_t most(const uint64_t *values, uint64_t least)
{
    for (size_t i = 0; i < STATS_DAYS; i++)
        least = values[i] > least ? values[i] : least;
    return least;
}

static uint64_t spread(const struct read_bars *bars, uint32_t first, uint64_t days[STATS_DAYS])
{
    uint64_t all = 0;
    for (size_t i = 0; i < bars->count; i++) {
        /* What lies ahead was counted by a clock that went wrong, or in another zone: today's. */
        uint64_t day = bars->items[i].number - first;
        days[day < STATS_DAYS ? day : STATS_DAYS - 1] += bars->items[i].todos;
        all += bars->items[i].todos;
    }
    return all;
}

/* From how many are open now back to the first day. */
static struct days count_days(const struct page *page, uint32_t today, uint64_t open)
{
    struct days days = {.first = today - (STATS_DAYS - 1)};
    days.all_created = spread(&page->bars[CREATED], days.first, days.created);
    days.all_finished = spread(&page->bars[FINISHED], days.first, days.finished);
    for (size_t i = STATS_DAYS; i-- > 0;) {
        days.open[i] = open;
        uint64_t before = open + days.finished[i];
        open = before > days.created[i] ? before - days.created[i] : 0;
    }
    days.most_flow = most(days.finished, most(days.created, 0));
    days.most_open = most(days.open, 0);
    return days;
}

/* Bars from the axis at y 0, up (sign -1) or down. */
static const char *bars_path(struct arena *a, const uint64_t *values, uint64_t top, int sign)
{
    struct buffer path;
    buffer_init(&path, 1 << 16);
    for (int i = 0; i < STATS_DAYS; i++)
        if (values[i]) {
            int height = sign * (int)scaled(values[i], top, FLOW_HEIGHT);
            buffer_printf(&path, "M%d,0v%dh%dv%dz", i * DAY_WIDTH + (DAY_WIDTH - BAR_WIDTH) / 2, height,
                          BAR_WIDTH, -height);
        }
    const char *text = arena_strndup(a, path.len ? path.base : "", path.len);
    buffer_release(&path);
    return text;
}

/* A step for each day, in a box whose lower edge is at OPEN_HEIGHT. */
static const char *steps_path(struct arena *a, const uint64_t *values, uint64_t top, bool area)
{
    struct buffer path;
    buffer_init(&path, 1 << 16);
    for (int i = 0; i < STATS_DAYS; i++) {
        int y = OPEN_HEIGHT - (int)scaled(values[i], top, OPEN_HEIGHT);
        if (i == 0 && area)
            buffer_printf(&path, "M0,%dV%dH%d", OPEN_HEIGHT, y, DAY_WIDTH);
        else if (i == 0)
            buffer_printf(&path, "M0,%dH%d", y, DAY_WIDTH);
        else
            buffer_printf(&path, "V%dH%d", y, (i + 1) * DAY_WIDTH);
    }
    if (area)
        buffer_printf(&path, "V%dz", OPEN_HEIGHT);
    const char *text = arena_strndup(a, path.base, path.len);
    buffer_release(&path);
    return text;
}

static const char *day_text(struct arena *a, uint32_t number)
{
    char day[DAY_BYTES];
    day_from_number(number, day);
    return arena_strdup(a, day);
}

static void show_days(struct arena *a, const struct days *days, struct stats_view *stats)
{
    uint64_t flow = round_up(days->most_flow), open = round_up(days->most_open);
    struct tick_view ticks[STATS_DAYS / DAYS_A_TICK + 1];
    size_t nticks = 0;
    for (int i = STATS_DAYS - 1; i >= 0; i -= DAYS_A_TICK)
        ticks[nticks++] = (struct tick_view){(uint64_t)(i * DAY_WIDTH + DAY_WIDTH / 2),
                                             view_day(a, day_text(a, days->first + (uint32_t)i), false)};
    stats->days = STATS_DAYS;
    stats->first_day = day_text(a, days->first);
    stats->width = STATS_DAYS * DAY_WIDTH;
    stats->day_ticks = view_ticks(a, ticks, nticks);
    stats->created_path = bars_path(a, days->created, flow, -1);
    stats->finished_path = bars_path(a, days->finished, flow, 1);
    stats->flow_ticks = view_ticks(a,
                                   (struct tick_view[]){{0, number_text(a, flow)},
                                                        {FLOW_HEIGHT, "0"},
                                                        {2 * FLOW_HEIGHT, number_text(a, flow)}},
                                   3);
    stats->open_path = steps_path(a, days->open, open, true);
    stats->open_line = steps_path(a, days->open, open, false);
    stats->open_ticks = view_ticks(a, (struct tick_view[]){{0, number_text(a, open)}, {OPEN_HEIGHT, "0"}}, 2);
    stats->flow_text = arena_printf(a,
                                    "In the last %d days %" PRIu64 " were created and %" PRIu64
                                    " finished, at most %" PRIu64 " and %" PRIu64 " on a day.",
                                    STATS_DAYS, days->all_created, days->all_finished, most(days->created, 0),
                                    most(days->finished, 0));
    stats->open_text = arena_printf(
        a, "%" PRIu64 " were open at the end of %s, %" PRIu64 " are now; at most %" PRIu64 " were meanwhile.",
        days->open[0], view_day(a, stats->first_day, true), days->open[STATS_DAYS - 1], days->most_open);

    struct day_view *table = arena_alloc(a, STATS_DAYS * sizeof *table);
    for (size_t i = 0; i < STATS_DAYS; i++) {
        size_t day = STATS_DAYS - 1 - i;
        table[i] = (struct day_view){day_text(a, days->first + (uint32_t)day), days->created[day],
                                     days->finished[day], days->open[day], i == STATS_DAYS - 1};
    }
    stats->table = (struct mustache_list){table, STATS_DAYS};
}

/* ---- how long todos take */

/* The class within which half of them are; NULL: there are none. */
static const char *typical(const uint64_t todos[TOOK_CLASSES + 1])
{
    uint64_t all = 0, sum = 0;
    for (unsigned class = 1; class <= TOOK_CLASSES; class ++)
        all += todos[class];
    for (unsigned class = 1; all && class <= TOOK_CLASSES; class ++) {
        sum += todos[class];
        if (2 * sum >= all)
            return took_class_name(class);
    }
    return NULL;
}

static void add_classes(const struct read_bars *bars, uint32_t owner, uint64_t todos[TOOK_CLASSES + 1])
{
    for (size_t i = 0; i < bars->count; i++)
        if (bars->items[i].owner == owner && bars->items[i].number <= TOOK_CLASSES)
            todos[bars->items[i].number] += bars->items[i].todos;
}

static void show_took(struct arena *a, const struct read_bars *bars, struct stats_view *stats)
{
    uint64_t todos[TOOK_CLASSES + 1] = {0}, top = 0, all = 0;
    struct bar_view *views = arena_alloc(a, TOOK_CLASSES * sizeof *views);
    add_classes(bars, 0, todos);
    for (unsigned class = 1; class <= TOOK_CLASSES; class ++) {
        top = todos[class] > top ? todos[class] : top;
        all += todos[class];
    }
    for (unsigned class = 1; class <= TOOK_CLASSES; class ++)
        views[class - 1] = (struct bar_view){.label = took_class_name(class),
                                             .at = (class - 1) * ROW_HEIGHT,
                                             .width = scaled(todos[class], top, ROW_WIDTH),
                                             .value = todos[class],
                                             .last = class == TOOK_CLASSES};
    stats->took = (struct mustache_list){views, TOOK_CLASSES};
    stats->took_height = TOOK_CLASSES * ROW_HEIGHT;
    const char *half = typical(todos);
    stats->took_text =
        half ? arena_printf(a, "Of %" PRIu64 " finished todos half were finished %s of their creation.", all,
                            half)
             : "Nothing has been finished after its creation yet.";
    if (half && strcmp(half, took_class_name(TOOK_CLASSES)) == 0)
        stats->took_text =
            arena_printf(a, "Of %" PRIu64 " finished todos half took longer than 3 months.", all);
}

/* ---- lists */

static uint64_t sum_of(const struct read_bars *bars, uint32_t owner)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < bars->count; i++)
        if (bars->items[i].owner == owner)
            sum += bars->items[i].todos;
    return sum;
}

/* As much of a name as LABEL_WIDTH has room for. */
static const char *label_of(struct arena *a, const char *name)
{
    size_t n;
    int width = 0;
    const char *s = name;
    for (; *s && width < LABEL_WIDTH; s += n)
        width += utf8proc_charwidth(text_at(s, &n));
    return *s ? arena_printf(a, "%.*s…", (int)(s - name), name) : name;
}

static void show_lists(struct arena *a, const struct page *page, struct stats_view *stats)
{
    enum audience audience = (enum audience)page->key.audience;
    size_t n = page->lists.count < STATS_LISTS ? page->lists.count : STATS_LISTS;
    struct bar_view *views = arena_alloc(a, n * sizeof *views);
    uint64_t top = 0;
    for (size_t i = 0; i < n; i++) {
        const struct read_count *todos = &page->lists.items[i].todos[audience];
        top = todos->open + todos->done > top ? todos->open + todos->done : top;
    }
    for (size_t i = 0; i < n; i++) {
        const struct read_name *list = &page->lists.items[i];
        const struct read_count *todos = &list->todos[audience];
        uint64_t took[TOOK_CLASSES + 1] = {0};
        add_classes(&page->bars[LIST_TOOK], list->id, took);
        views[i] = (struct bar_view){.label = label_of(a, list->name),
                                     .name = list->name,
                                     .slug = list->slug,
                                     .at = i * ROW_HEIGHT,
                                     .width = scaled(todos->open, top, ROW_WIDTH),
                                     .width2 = scaled(todos->done, top, ROW_WIDTH),
                                     .value = todos->open,
                                     .value2 = todos->done,
                                     .created = sum_of(&page->bars[LIST_CREATED], list->id),
                                     .finished = sum_of(&page->bars[LIST_FINISHED], list->id),
                                     .typical = typical(took),
                                     .last = i == n - 1};
    }
    stats->lists = (struct mustache_list){views, n};
    stats->lists_height = n * ROW_HEIGHT;
    stats->more_lists = page->lists.count > n;
    stats->lists_text =
        n ? arena_printf(a, "“%s” has the most open todos: %" PRIu64 ", and %" PRIu64 " finished.",
                         views[0].name, views[0].value, views[0].value2)
          : "There are no lists yet.";
}

void stats_page_show(struct renderer *r, struct page *page, struct page_view *view)
{
    enum audience audience = (enum audience)page->key.audience;
    struct stats_view *stats = arena_alloc(&r->arena, sizeof *stats);
    view->open = r->board.todos[audience].open;
    view->done = r->board.todos[audience].done;
    view->total = view->open + view->done;
    struct days days = count_days(page, day_to_number(r->today), view->open);
    page->exists = true;
    show_days(&r->arena, &days, stats);
    show_took(&r->arena, &page->bars[TOOK], stats);
    show_lists(&r->arena, page, stats);
    view->title = "Stats";
    view->stats = stats;
}
