/*
 * The tables for view.h: what templates may name, with the line of help that
 * templates/README.md shows. A field's kind follows from its type in C, so
 * that a table cannot contradict its struct; only slugs, which are text in C,
 * say what they are.
 */
#include "view.h"

/* clang-format off */
#define KIND(view, name)                         \
    _Generic(((struct view *)NULL)->name,        \
        const char *: MUSTACHE_TEXT,             \
        struct mustache_markup: MUSTACHE_MARKUP, \
        uint64_t: MUSTACHE_NUMBER,               \
        bool: MUSTACHE_BOOL,                     \
        struct mustache_list: MUSTACHE_LIST,     \
        default: MUSTACHE_OBJECT)
/* clang-format on */
#define FIELD(view, name) #name, KIND(view, name), offsetof(struct view, name)
#define SLUG(view, name) #name, MUSTACHE_SLUG, offsetof(struct view, name)

static const struct mustache_field name_fields[] = {
    {FIELD(name_view, id), NULL, "its id"},
    {FIELD(name_view, name), NULL, "its name, as typed"},
    {SLUG(name_view, slug), NULL, "its name in URLs"},
    {FIELD(name_view, version), NULL, "a list's version, for forms that change it; 0 for a tag"},
    {FIELD(name_view, is_public), NULL, "may everybody read the list?"},
    {FIELD(name_view, open), NULL, "how many open todos it has"},
    {FIELD(name_view, done), NULL, "how many finished todos it has"},
    {FIELD(name_view, total), NULL, "how many todos it has, open and finished"},
    {FIELD(name_view, first), &todo_view_type,
     "a list's first open todos, where the board shows it as a column"},
    {FIELD(name_view, last), NULL, "is it the last of its sequence? For commas"},
    {0},
};
const struct mustache_type name_view_type = {
    .name = "name_view", .size = sizeof(struct name_view), .fields = name_fields};

static const struct mustache_field todo_fields[] = {
    {FIELD(todo_view, id), NULL, "its id, as in /todos/ID"},
    {FIELD(todo_view, version), NULL, "its version, for forms that change it"},
    {FIELD(todo_view, revision), NULL, "the revision that changed it last"},
    {FIELD(todo_view, title), NULL, "its title"},
    {FIELD(todo_view, notes), NULL, "its notes as typed, in Markdown"},
    {FIELD(todo_view, notes_html), NULL, "its notes as HTML"},
    {FIELD(todo_view, done), NULL, "is it finished?"},
    {FIELD(todo_view, list), &name_view_type, "the list it is in"},
    {FIELD(todo_view, tags), &name_view_type, "its tags, in the order typed"},
    {FIELD(todo_view, priority), NULL, "1, the highest, to 4; 0 for none"},
    {FIELD(todo_view, due), NULL, "when it is due, as stored: a date, or a time in RFC 3339"},
    {FIELD(todo_view, due_day), NULL, "the local day on which it is due, YYYY-MM-DD"},
    {FIELD(todo_view, due_text), NULL, "the same day for people: Tue 1 Dec 2026"},
    {FIELD(todo_view, overdue), NULL, "is it open and was due before today? Only on pages that know the day"},
    {FIELD(todo_view, due_today), NULL, "is it open and due today? Only on pages that know the day"},
    {FIELD(todo_view, is_new), NULL, "has nothing been changed since it was created?"},
    {FIELD(todo_view, above), NULL, "on a list's page, the id of the todo above it; 0: it is the first"},
    {FIELD(todo_view, below), NULL, "on a list's page, the id of the todo below it; 0: it is the last"},
    {FIELD(todo_view, created), NULL, "when it was created"},
    {FIELD(todo_view, updated), NULL, "when it was changed last"},
    {FIELD(todo_view, finished), NULL, "when it was finished; none while it is open"},
    {FIELD(todo_view, created_text), NULL, "when it was created, for people: 2026-12-01 10:00 UTC"},
    {FIELD(todo_view, updated_text), NULL, "when it was changed last, for people"},
    {FIELD(todo_view, finished_text), NULL, "when it was finished, for people"},
    {FIELD(todo_view, last), NULL, "is it the last of its sequence? For commas"},
    {0},
};
const struct mustache_type todo_view_type = {
    .name = "todo_view", .size = sizeof(struct todo_view), .fields = todo_fields};

static const struct mustache_field change_field_fields[] = {
    {FIELD(change_field_view, field), NULL, "the name of the field that changed"},
    {FIELD(change_field_view, from), NULL, "what it was, as text; none for notes"},
    {FIELD(change_field_view, to), NULL, "what it is now, as text; none for notes"},
    {0},
};
const struct mustache_type change_field_view_type = {
    .name = "change_field_view", .size = sizeof(struct change_field_view), .fields = change_field_fields};

static const struct mustache_field change_fields[] = {
    {FIELD(change_view, at), NULL, "when it happened"},
    {FIELD(change_view, at_text), NULL, "when it happened, for people"},
    {FIELD(change_view, actor), NULL, "who did it: the name of a token, or the owner"},
    {FIELD(change_view, what), NULL, "what was done: created, edited, finished and so on"},
    {FIELD(change_view, fields), &change_field_view_type, "the fields that changed"},
    {0},
};
const struct mustache_type change_view_type = {
    .name = "change_view", .size = sizeof(struct change_view), .fields = change_fields};

static const struct mustache_field option_fields[] = {
    {FIELD(option_view, value), NULL, "what the form sends"},
    {FIELD(option_view, label), NULL, "what people read"},
    {FIELD(option_view, selected), NULL, "is it the one chosen?"},
    {0},
};
const struct mustache_type option_view_type = {
    .name = "option_view", .size = sizeof(struct option_view), .fields = option_fields};

static const struct mustache_field form_fields[] = {
    {FIELD(form_view, action), NULL, "the URL that it is posted to"},
    {FIELD(form_view, method), NULL, "the value of _method, PATCH; none for a plain POST"},
    {FIELD(form_view, version), NULL, "the version that it changes; 0: none is sent"},
    {FIELD(form_view, next), NULL, "the path to come back to"},
    {FIELD(form_view, quick), NULL, "a line of quick add, where the form has nothing else"},
    {FIELD(form_view, quick_error), NULL, "what is wrong with that line, a sentence"},
    {FIELD(form_view, title), NULL, "the title in it"},
    {FIELD(form_view, notes), NULL, "the notes in it"},
    {FIELD(form_view, list), NULL, "the list's name in it"},
    {FIELD(form_view, tags), NULL, "the tags in it, separated by commas"},
    {FIELD(form_view, due), NULL, "the due date or time in it"},
    {FIELD(form_view, done), NULL, "is its box for done checked?"},
    {FIELD(form_view, priorities), &option_view_type, "the priorities to choose from"},
    {FIELD(form_view, title_error), NULL, "what is wrong with the title, a sentence"},
    {FIELD(form_view, notes_error), NULL, "what is wrong with the notes"},
    {FIELD(form_view, list_error), NULL, "what is wrong with the list"},
    {FIELD(form_view, tags_error), NULL, "what is wrong with the tags"},
    {FIELD(form_view, priority_error), NULL, "what is wrong with the priority"},
    {FIELD(form_view, due_error), NULL, "what is wrong with the due date"},
    {0},
};
const struct mustache_type form_view_type = {
    .name = "form_view", .size = sizeof(struct form_view), .fields = form_fields};

static const struct mustache_field part_fields[] = {
    {FIELD(part_view, title), NULL, "what it is called"},
    {FIELD(part_view, name), NULL, "overdue, today, week or later"},
    {FIELD(part_view, todos), &todo_view_type, "its todos, what is due first before the others"},
    {FIELD(part_view, more), NULL, "has it more todos than are shown?"},
    {FIELD(part_view, last), NULL, "is it the last of its sequence? For commas"},
    {0},
};
const struct mustache_type part_view_type = {
    .name = "part_view", .size = sizeof(struct part_view), .fields = part_fields};

static const struct mustache_field tick_fields[] = {
    {FIELD(tick_view, at), NULL, "where it is along its axis"},
    {FIELD(tick_view, label), NULL, "what stands there"},
    {0},
};
const struct mustache_type tick_view_type = {
    .name = "tick_view", .size = sizeof(struct tick_view), .fields = tick_fields};

static const struct mustache_field bar_fields[] = {
    {FIELD(bar_view, label), NULL, "what it stands for"},
    {FIELD(bar_view, name), NULL, "a list's name; the label may be cut short"},
    {SLUG(bar_view, slug), NULL, "a list's name in URLs"},
    {FIELD(bar_view, at), NULL, "where it is across"},
    {FIELD(bar_view, width), NULL, "how long it is"},
    {FIELD(bar_view, width2), NULL, "how long the second one is, which begins where it ends"},
    {FIELD(bar_view, value), NULL, "what it shows"},
    {FIELD(bar_view, value2), NULL, "what the second one shows"},
    {FIELD(bar_view, created), NULL, "of a list: todos created lately"},
    {FIELD(bar_view, finished), NULL, "of a list: todos finished lately"},
    {FIELD(bar_view, typical), NULL, "of a list: how long half of its todos take, at most"},
    {FIELD(bar_view, last), NULL, "is it the last of its sequence? For commas"},
    {0},
};
const struct mustache_type bar_view_type = {
    .name = "bar_view", .size = sizeof(struct bar_view), .fields = bar_fields};

static const struct mustache_field day_fields[] = {
    {FIELD(day_view, day), NULL, "the day, YYYY-MM-DD"},
    {FIELD(day_view, created), NULL, "how many todos were created on it"},
    {FIELD(day_view, finished), NULL, "how many were finished on it"},
    {FIELD(day_view, open), NULL, "how many were open at its end"},
    {FIELD(day_view, last), NULL, "is it the last of its sequence? For commas"},
    {0},
};
const struct mustache_type day_view_type = {
    .name = "day_view", .size = sizeof(struct day_view), .fields = day_fields};

static const struct mustache_field stats_fields[] = {
    {FIELD(stats_view, days), NULL, "how many days the plots go back"},
    {FIELD(stats_view, first_day), NULL, "the first of them, YYYY-MM-DD"},
    {FIELD(stats_view, width), NULL, "how wide a plot by day is"},
    {FIELD(stats_view, created_path), NULL, "SVG path: bars of what was created, upwards"},
    {FIELD(stats_view, finished_path), NULL, "SVG path: bars of what was finished, downwards"},
    {FIELD(stats_view, open_path), NULL, "SVG path: the area below what was open"},
    {FIELD(stats_view, open_line), NULL, "SVG path: its upper edge"},
    {FIELD(stats_view, day_ticks), &tick_view_type, "days along the plots"},
    {FIELD(stats_view, flow_ticks), &tick_view_type,
     "heights beside the plot of what was created and finished"},
    {FIELD(stats_view, open_ticks), &tick_view_type, "heights beside the plot of what was open"},
    {FIELD(stats_view, flow_text), NULL, "what was created and finished, in words"},
    {FIELD(stats_view, open_text), NULL, "how many were open, in words"},
    {FIELD(stats_view, took_text), NULL, "how long todos took, in words"},
    {FIELD(stats_view, lists_text), NULL, "the lists, in words"},
    {FIELD(stats_view, table), &day_view_type, "the days as numbers, the newest first"},
    {FIELD(stats_view, took), &bar_view_type, "how long todos took"},
    {FIELD(stats_view, lists), &bar_view_type, "the lists: open and finished todos"},
    {FIELD(stats_view, took_height), NULL, "how high the plot of how long they took is"},
    {FIELD(stats_view, lists_height), NULL, "how high the plot of lists is"},
    {FIELD(stats_view, more_lists), NULL, "are there more lists than it shows?"},
    {0},
};
const struct mustache_type stats_view_type = {
    .name = "stats_view", .size = sizeof(struct stats_view), .fields = stats_fields};

static const struct mustache_field problem_fields[] = {
    {FIELD(problem_view, field), NULL, "the field that is wrong; none when it is the whole"},
    {FIELD(problem_view, detail), NULL, "what is wrong, a sentence"},
    {FIELD(problem_view, last), NULL, "is it the last of its sequence? For commas"},
    {0},
};
const struct mustache_type problem_view_type = {
    .name = "problem_view", .size = sizeof(struct problem_view), .fields = problem_fields};

static const struct mustache_field kept_fields[] = {
    {FIELD(kept_view, name), NULL, "the name of the hidden field"},
    {FIELD(kept_view, value), NULL, "what stands in it"},
    {0},
};
const struct mustache_type kept_view_type = {
    .name = "kept_view", .size = sizeof(struct kept_view), .fields = kept_fields};

static const struct mustache_field sign_in_fields[] = {
    {FIELD(sign_in_view, next), NULL, "the path to go to then; none for the board"},
    {FIELD(sign_in_view, kept), &kept_view_type, "what a refused form had sent, to be sent along"},
    {0},
};
const struct mustache_type sign_in_view_type = {
    .name = "sign_in_view", .size = sizeof(struct sign_in_view), .fields = sign_in_fields};

static const struct mustache_field page_fields[] = {
    {FIELD(page_view, site_title), NULL, "the board's title, WRIT_TITLE"},
    {FIELD(page_view, site_url), NULL, "the public address, WRIT_URL, without a slash at its end"},
    {FIELD(page_view, members), NULL, "is it a page for members? Forms and people's names are for them only"},
    {FIELD(page_view, signed_in), NULL, "is there somebody to sign out?"},
    {FIELD(page_view, style_href), NULL, "URL of the style sheet"},
    {FIELD(page_view, script_href), NULL, "URL of the script"},
    {FIELD(page_view, icon_href), NULL, "URL of the icon"},
    {FIELD(page_view, touch_icon_href), NULL, "URL of the icon for a home screen"},
    {FIELD(page_view, worker_href), NULL, "URL of the service worker"},
    {FIELD(page_view, icon_192_href), NULL, "URL of the icon as a picture of 192 × 192, in the manifest"},
    {FIELD(page_view, icon_512_href), NULL, "URL of the icon as a picture of 512 × 512, in the manifest"},
    {FIELD(page_view, icon_maskable_href), NULL, "URL of the icon that may be cut round, in the manifest"},
    {FIELD(page_view, title), NULL, "the page's title; none on the board"},
    {FIELD(page_view, path), NULL, "the page's URL path, percent-encoded"},
    {FIELD(page_view, kind), NULL,
     "board, todo, deleted, lists, list, tags, tag, open, done, due, stats, add, authored, sign-in, error or "
     "accepted"},
    {FIELD(page_view, is_board), NULL, "is it the board?"},
    {FIELD(page_view, is_open), NULL, "is it a page of open todos?"},
    {FIELD(page_view, is_done), NULL, "is it a page of finished todos?"},
    {FIELD(page_view, is_lists), NULL, "is it the page of lists, or a list's?"},
    {FIELD(page_view, is_tags), NULL, "is it the page of tags, or a tag's?"},
    {FIELD(page_view, is_due), NULL, "is it the page of what is due?"},
    {FIELD(page_view, is_stats), NULL, "is it the page of plots?"},
    {FIELD(page_view, is_help), NULL, "is it a page of help?"},
    {FIELD(page_view, is_sign_in), NULL, "is it the page to sign in on?"},
    {FIELD(page_view, has_json), NULL, "does a .json twin stand beside it?"},
    {FIELD(page_view, has_md), NULL, "does an .md twin stand beside it?"},
    {FIELD(page_view, stem), NULL, "URL path of its twins, without extension"},
    {FIELD(page_view, todo), &todo_view_type, "the todo, on its page"},
    {FIELD(page_view, list), &name_view_type, "the list, on its page"},
    {FIELD(page_view, tag), &name_view_type, "the tag, on its page"},
    {FIELD(page_view, todos), &todo_view_type, "the page's todos"},
    {FIELD(page_view, due), &todo_view_type, "the board's todos that are overdue or due today"},
    {FIELD(page_view, finished), &todo_view_type, "the board's todos that were finished lately"},
    {FIELD(page_view, parts), &part_view_type, "the parts of the page of what is due"},
    {FIELD(page_view, columns), &name_view_type, "the lists that the board shows as columns"},
    {FIELD(page_view, others), &name_view_type, "the lists that the board shows by name alone"},
    {FIELD(page_view, lists), &name_view_type, "the lists"},
    {FIELD(page_view, tags), &name_view_type, "the tags"},
    {FIELD(page_view, open), NULL, "how many open todos there are in what the page is about"},
    {FIELD(page_view, done), NULL, "how many finished todos there are in what the page is about"},
    {FIELD(page_view, total), NULL, "how many todos there are in what the page is about"},
    {FIELD(page_view, has_due), NULL, "on the board: is anything due?"},
    {FIELD(page_view, has_finished), NULL, "on the board: is anything finished?"},
    {FIELD(page_view, has_lists), NULL, "on the board: are there lists?"},
    {FIELD(page_view, has_tags), NULL, "on the board: are there tags?"},
    {FIELD(page_view, is_empty), NULL, "on the board: is there no todo at all?"},
    {FIELD(page_view, finish_leaves), NULL, "is a todo that is finished not on this page any more?"},
    {FIELD(page_view, reopen_leaves), NULL, "is a todo that is reopened not on this page any more?"},
    {FIELD(page_view, more_lists), NULL, "are there more lists than the page shows?"},
    {FIELD(page_view, more_tags), NULL, "are there more tags than the page shows?"},
    {FIELD(page_view, bucket), NULL, "the number of the bucket that the page shows; 0 elsewhere"},
    {FIELD(page_view, bucket_base), NULL, "URL path of the buckets, before /N"},
    {FIELD(page_view, previous), NULL, "the bucket before this one that is not empty; 0 for none"},
    {FIELD(page_view, next), NULL, "the bucket behind this one that is not empty; 0 for none"},
    {FIELD(page_view, newest_bucket), NULL,
     "the bucket in which older todos begin, on a head page; 0 for none"},
    {FIELD(page_view, history), &change_view_type, "the todo's changes"},
    {FIELD(page_view, add), &form_view_type, "the form to add a todo"},
    {FIELD(page_view, edit), &form_view_type, "the form to edit the todo"},
    {FIELD(page_view, sign_in), &sign_in_view_type, "the form to sign in"},
    {FIELD(page_view, stats), &stats_view_type, "the plots, on their page"},
    {FIELD(page_view, body), NULL, "the text of an authored page, as HTML"},
    {FIELD(page_view, status), NULL,
     "the HTTP status, on pages that the API answers with and on error pages"},
    {FIELD(page_view, detail), NULL, "what happened, a sentence"},
    {FIELD(page_view, problems), &problem_view_type, "the fields that are wrong"},
    {FIELD(page_view, form), &form_view_type, "the refused form, as it was sent"},
    {FIELD(page_view, stored), &todo_view_type, "what is stored now, where a form was out of date"},
    {FIELD(page_view, look_again), NULL, "the URL to load again in a second"},
    {FIELD(page_view, back), NULL, "URL of the page that the form stood on"},
    {0},
};
const struct mustache_type page_view_type = {
    .name = "page_view", .size = sizeof(struct page_view), .fields = page_fields};
