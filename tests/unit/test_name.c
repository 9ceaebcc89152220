/*
 * Names, keys and slugs in the scripts that break naive code.
 */
#include "../../db/todo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static struct arena arena;

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static const char empty[] = "must not be empty";
static const char invisible[] = "must contain something visible";
static const char control[] = "must not contain control characters";
static const char direction[] = "must not contain controls of writing direction";

static const struct {
    const char *typed, *normal, *why;
} names[] = {
    {"Home", "Home", NULL},
    {"  Home  ", "Home", NULL},
    {"Shopping   list", "Shopping list", NULL},
    {"a\xC2\xA0\xE3\x80\x80 b", "a b", NULL},
    {"e\xCC\x81t\xC3\xA9", "\xC3\xA9t\xC3\xA9", NULL},    /* NFD and NFC */
    {"A\xCC\x8A", "Å", NULL},                             /* A and ring */
    {"\xE2\x84\xAB", "Å", NULL},                          /* the angstrom sign */
    {"\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", "한", NULL}, /* conjoining jamo */
    {"q\xCC\xA3\xCC\x87", "q\xCC\xA3\xCC\x87", NULL},     /* nothing to compose */
    {"q\xCC\x87\xCC\xA3", "q\xCC\xA3\xCC\x87", NULL},     /* in canonical order */
    {"ﬁ", "ﬁ", NULL},                                     /* C, not KC */
    {"👩‍👩‍👧", "👩‍👩‍👧", NULL},
    {"می\xE2\x80\x8Cخواهم", "می\xE2\x80\x8Cخواهم", NULL}, /* the non-joiner is orthography */
    {"\xE2\x80\x8F"
     "שלום",
     "\xE2\x80\x8F"
     "שלום",
     NULL}, /* a mark of direction is harmless */
    {"", NULL, empty},
    {"   ", NULL, empty},
    {"\xC2\xA0\xE3\x80\x80", NULL, empty},
    {"\xE2\x80\x8B", NULL, invisible},
    {"\xE2\x80\x8D \xE2\x81\xA0", NULL, invisible},
    {"\xE3\x85\xA4", NULL, invisible},
    {"\xEF\xB8\x8F", NULL, invisible},
    {"a\tb", NULL, control},
    {"a\nb", NULL, control},
    {"a\n", NULL, control}, /* not trimmed away */
    {"a\x7F", NULL, control},
    {"a\xC2\x85", NULL, control},
    {"a\xE2\x80\xAA", NULL, direction}, /* U+202A */
    {"a\xE2\x80\xAE"
     "b",
     NULL, direction},                  /* U+202E */
    {"a\xE2\x81\xA6", NULL, direction}, /* U+2066 */
    {"a\xE2\x81\xA9", NULL, direction}, /* U+2069 */
    {"a\xE2\x80\xA9"
     "b",
     "a b", NULL}, /* U+2029, just before: white space */
    {"a\xE2\x80\xAF"
     "b",
     "a b", NULL},                            /* U+202F, just behind: white space */
    {"a\xE2\x81\xAA", "a\xE2\x81\xAA", NULL}, /* U+206A, just behind */
    {"a\xFF", NULL, "is not valid UTF-8"},
    {"a\xED\xA0\x80", NULL, "is not valid UTF-8"},
};

static void names_become_normal(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(names); i++) {
        const char *why;
        const char *got = name_normal(&arena, names[i].typed, &why);
        if (names[i].normal) {
            assert_non_null(got);
            assert_string_equal(got, names[i].normal);
            assert_null(why);
            assert_string_equal(name_normal(&arena, got, &why), got); /* once is enough */
        } else {
            assert_null(got);
            assert_string_equal(why, names[i].why);
        }
    }
}

static void names_are_64_characters_in_normal_form(void **state)
{
    (void)state;
    static const char *const characters[] = {"x", "ä", "買", "😀", "e\xCC\x81"};
    for (size_t i = 0; i < LENGTH(characters); i++) {
        char name[65 * 4 + 1] = "";
        const char *why;
        for (int n = 0; n < NAME_CHARS; n++)
            strcat(name, characters[i]);
        assert_non_null(name_normal(&arena, name, &why));
        strcat(name, characters[i]);
        assert_null(name_normal(&arena, name, &why));
        assert_string_equal(why, "must be at most 64 characters");
    }
    /* Characters that normal form C takes apart count as what they become. */
    char name[33 * 4 + 1] = "";
    const char *why;
    for (int n = 0; n < 33; n++)
        strcat(name, "\xF0\x9D\x85\x9E"); /* U+1D15E: two */
    assert_null(name_normal(&arena, name, &why));
    assert_string_equal(why, "must be at most 64 characters");
}

static const struct {
    const char *one, *other;
    bool same;
} keys[] = {
    {"Home", "hOME", true},     {"Straße", "STRASSE", true},
    {"Straße", "STRAẞE", true}, {"ΟΔΟΣ", "οδος", true}, /* final sigma */
    {"ΟΔΟΣ", "οδοσ", true},     {"é", "E\xCC\x81", true},
    {"ﬁn", "FIN", true},        {"İ", "i\xCC\x87", true}, /* full folding, no Turkish rules */
    {"İ", "I", false},          {"ı", "I", false},
    {"I", "i", true},           {"Å", "\xE2\x84\xAB", true},
    {"Ǆ", "ǆ", true},           {"ǅ", "ǆ", true},
    {"ᾳ", "ᾼ", true},           {"e", "é", false}, /* without case, not without accents */
    {"か", "カ", false},        {"1", "１", false},
    {"a b", "ab", false},
};

static void keys_compare_without_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(keys); i++) {
        const char *why;
        char *one = name_key(&arena, name_normal(&arena, keys[i].one, &why));
        char *other = name_key(&arena, name_normal(&arena, keys[i].other, &why));
        if ((strcmp(one, other) == 0) != keys[i].same)
            fail_msg("%s and %s: keys %s and %s", keys[i].one, keys[i].other, one, other);
        assert_string_equal(name_key(&arena, one), one);
    }
}

/* The column has 768 bytes. */
static void every_key_fits_its_column(void **state)
{
    (void)state;
    size_t longest = 0;
    for (int32_t c = 0xA0; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        char name[5] = {0};
        if (c < 0x800) {
            name[0] = (char)(0xC0 | c >> 6);
            name[1] = (char)(0x80 | (c & 0x3F));
        } else if (c < 0x10000) {
            name[0] = (char)(0xE0 | c >> 12);
            name[1] = (char)(0x80 | (c >> 6 & 0x3F));
            name[2] = (char)(0x80 | (c & 0x3F));
        } else {
            name[0] = (char)(0xF0 | c >> 18);
            name[1] = (char)(0x80 | (c >> 12 & 0x3F));
            name[2] = (char)(0x80 | (c >> 6 & 0x3F));
            name[3] = (char)(0x80 | (c & 0x3F));
        }
        size_t decoded;
        assert_int_equal(text_at(name, &decoded), c);
        assert_int_equal(decoded, strlen(name));
        const char *why, *normal = name_normal(&arena, name, &why);
        if (normal) {
            size_t chars = text_chars(normal), bytes = strlen(name_key(&arena, normal));
            size_t each = (bytes + chars - 1) / chars;
            longest = each > longest ? each : longest;
        }
        arena_reset(&arena);
    }
    assert_in_range(longest, 4, 768 / NAME_CHARS);
}

static const struct {
    const char *name, *slug;
} slugs[] = {
    {"Home", "home"},
    {"Shopping list", "shopping-list"},
    {"  --C++ & Rust!  ", "c-rust"},
    {"a/b.c", "a-b-c"},
    {"../../etc/passwd", "etc-passwd"},
    {"snake_case", "snake-case"},
    {"2026", "2026"},
    {"Größe", "größe"},
    {"Straße", "straße"},
    {"STRAẞE", "straße"},
    {"E\xCC\x81t\xC3\xA9", "été"},
    {"ΟΔΟΣ", "οδοσ"},
    {"İstanbul", "istanbul"},
    {"ISPARTA", "isparta"},
    {"ığdır", "ığdır"},
    {"買い物リスト", "買い物リスト"},
    {"买菜、做饭", "买菜-做饭"},
    {"قائمة التسوق", "قائمة-التسوق"},
    {"٢٠٢٦", "٢٠٢٦"},   /* Arabic digits */
    {"हिन्दी", "हिन्दी"}, /* vowel signs and virama are marks */
    {"ภาษาไทย", "ภาษาไทย"},
    {"Ⅻ", "ⅻ"},  /* a number that is a letter */
    {"m²", "m"}, /* a superscript is no digit */
    {"1\xCC\x88"
     "2",
     "1-2"}, /* a mark on a digit belongs to no letter */
    {"a\xCC\x88\xCC\xA3", "ạ\xCC\x88"},
    {"\xCC\x88"
     "a",
     "a"},
    {"👍 done", "done"},
    {"❤️", ""},
    {"👩‍👩‍👧", ""},
    {"!?…—", ""},
    {"-", ""},
    {"", ""},
};

static void slugs_keep_letters_and_digits(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(slugs); i++) {
        const char *slug = slug_from(&arena, slugs[i].name);
        if (strcmp(slug, slugs[i].slug) != 0)
            fail_msg("%s: got %s, not %s", slugs[i].name, slug, slugs[i].slug);
        assert_string_equal(slug_from(&arena, slug), slug);
    }
}

static void slugs_are_cut_at_a_character(void **state)
{
    (void)state;
    static const char *const characters[] = {"x", "ä", "買", "𐐨", "x ", "買 "};
    for (size_t i = 0; i < LENGTH(characters); i++)
        for (size_t shift = 0; shift < 4; shift++) {
            char name[1024];
            memset(name, 'y', shift);
            name[shift] = '\0';
            for (int n = 0; n < 200; n++)
                strcat(name, characters[i]);
            const char *slug = slug_from(&arena, name);
            size_t len = strlen(slug);
            assert_in_range(len, SLUG_BYTES - 8 - 4, SLUG_BYTES - 8);
            assert_null(text_check(slug, len, false));
            assert_int_not_equal(slug[len - 1], '-');
        }
}

static void tags_are_merged_without_case(void **state)
{
    (void)state;
    struct todo_draft draft = {0};
    assert_true(name_add_tag(&arena, &draft, arena_strdup(&arena, "Straße")));
    assert_true(name_add_tag(&arena, &draft, arena_strdup(&arena, "STRASSE")));
    assert_int_equal(draft.ntags, 1);
    assert_string_equal(draft.tags[0], "Straße"); /* as it was typed first */
    for (int i = 1; i < TODO_TAGS; i++)
        assert_true(name_add_tag(&arena, &draft, arena_printf(&arena, "tag %d", i)));
    assert_int_equal(draft.ntags, TODO_TAGS);
    assert_true(name_add_tag(&arena, &draft, arena_strdup(&arena, "TAG 3")));
    assert_false(name_add_tag(&arena, &draft, arena_strdup(&arena, "one more")));
    assert_int_equal(draft.ntags, TODO_TAGS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(names_become_normal, release),
        cmocka_unit_test_teardown(names_are_64_characters_in_normal_form, release),
        cmocka_unit_test_teardown(keys_compare_without_case, release),
        cmocka_unit_test_teardown(every_key_fits_its_column, release),
        cmocka_unit_test_teardown(slugs_keep_letters_and_digits, release),
        cmocka_unit_test_teardown(slugs_are_cut_at_a_character, release),
        cmocka_unit_test_teardown(tags_are_merged_without_case, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
