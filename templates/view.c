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
    {FIELD(todo_view, overdue), NULL, "is it open and was due before today? Only on pages that know the day"},
    {FIELD(todo_view, due_today), NULL, "is it open and due today? Only on pages that know the day"},
    {FIELD(todo_view, created), NULL, "when it was created"},
    {FIELD(todo_view, updated), NULL, "when it was changed last"},
    {FIELD(todo_view, finished), NULL, "when it was finished; none while it is open"},
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

static const struct mustache_field problem_fields[] = {
    {FIELD(problem_view, field), NULL, "the field that is wrong; none when it is the whole"},
    {FIELD(problem_view, detail), NULL, "what is wrong, a sentence"},
    {FIELD(problem_view, last), NULL, "is it the last of its sequence? For commas"},
    {0},
};
const struct mustache_type problem_view_type = {
    .name = "problem_view", .size = sizeof(struct problem_view), .fields = problem_fields};

static const struct mustache_field page_fields[] = {
    {FIELD(page_view, site_title), NULL, "the board's title, WRIT_TITLE"},
    {FIELD(page_view, site_url), NULL, "the public address, WRIT_URL, without a slash at its end"},
    {FIELD(page_view, members), NULL, "is it a page for members? Forms and people's names are for them only"},
    {FIELD(page_view, style_href), NULL, "URL of the style sheet"},
    {FIELD(page_view, script_href), NULL, "URL of the script"},
    {FIELD(page_view, icon_href), NULL, "URL of the icon"},
    {FIELD(page_view, title), NULL, "the page's title; none on the board"},
    {FIELD(page_view, path), NULL, "the page's URL path, percent-encoded"},
    {FIELD(page_view, kind), NULL,
     "board, todo, deleted, lists, list, tags, tag, open, done, error or accepted"},
    {FIELD(page_view, is_board), NULL, "is it the board?"},
    {FIELD(page_view, is_open), NULL, "is it a page of open todos?"},
    {FIELD(page_view, is_done), NULL, "is it a page of finished todos?"},
    {FIELD(page_view, is_lists), NULL, "is it the page of lists, or a list's?"},
    {FIELD(page_view, is_tags), NULL, "is it the page of tags, or a tag's?"},
    {FIELD(page_view, has_json), NULL, "does a .json twin stand beside it?"},
    {FIELD(page_view, has_md), NULL, "does an .md twin stand beside it?"},
    {FIELD(page_view, stem), NULL, "URL path of its twins, without extension"},
    {FIELD(page_view, todo), &todo_view_type, "the todo, on its page"},
    {FIELD(page_view, list), &name_view_type, "the list, on its page"},
    {FIELD(page_view, tag), &name_view_type, "the tag, on its page"},
    {FIELD(page_view, todos), &todo_view_type, "the page's todos"},
    {FIELD(page_view, due), &todo_view_type, "the board's todos that are overdue or due today"},
    {FIELD(page_view, lists), &name_view_type, "the lists"},
    {FIELD(page_view, tags), &name_view_type, "the tags"},
    {FIELD(page_view, open), NULL, "how many open todos there are in what the page is about"},
    {FIELD(page_view, done), NULL, "how many finished todos there are in what the page is about"},
    {FIELD(page_view, total), NULL, "how many todos there are in what the page is about"},
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
