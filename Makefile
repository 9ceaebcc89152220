# Builds Writ below build/, and names the things that one does with it; what they do is in the scripts that they
# call. Every list is written out: what is not listed is not built.
#
#   DEV=1                   warnings are errors
#   SAN=address,undefined   the sanitizers, in a build folder of their own; or SAN=thread

# ---- Debian packages. An item 'command:package' is there when the command is, whoever brought it.

PACKAGES_RUN = gcc:gcc libc6-dev pkg-config:pkgconf libh2o-evloop-dev libmariadb-dev libjansson-dev libsodium-dev \
	libutf8proc-dev libcmark-dev libmd4c-dev mariadb-server-core mariadb-client-core nginx:nginx \
	libnginx-mod-http-brotli-filter curl:curl
PACKAGES_TEST = libcmocka-dev node:nodejs npm:npm chromium:chromium libfaketime \
	valgrind:valgrind time
PACKAGES_LINT = clang-format:clang-format clang-tidy:clang-tidy cppcheck:cppcheck shellcheck:shellcheck
PACKAGES_BENCH = node:nodejs valgrind:valgrind time gunicorn:gunicorn python3-flask python3-sqlalchemy python3-mysqldb \
	hugo:hugo

# ---- Files, by room

COMMON = db/arena db/todo db/name db/quick db/outline db/db \
	templates/buffer templates/escape templates/mustache templates/view
API = $(COMMON) db/decide db/load db/write \
	api/route api/header api/body api/command api/session api/reply api/publisher api/writer api/exchange
GEN = $(COMMON) db/read \
	gen/settings gen/crew gen/row_cache gen/markdown gen/views gen/render gen/page gen/board_page gen/todo_page gen/list_page gen/names_page \
	gen/error_page gen/plan gen/assets gen/publish gen/build gen/cycle gen/progress gen/trigger gen/follow

# tests/unit/NAME.c, linked with the files of either program but its main.c.
UNIT_API = test_arena test_todo test_name test_quick test_outline test_decide \
	test_buffer test_escape test_mustache test_view test_body test_command test_reply test_route
UNIT_GEN = test_markdown test_plan test_publish test_crew test_row_cache test_inventory
# Programs that tests run.
TOOLS = markdown_cli
NODE_TESTS = tests/unit/commonmark.test.mjs \
	tests/system/nginx.test.mjs tests/system/database.test.mjs tests/system/supervisor.test.mjs \
	tests/system/main.test.mjs tests/system/pages.test.mjs tests/system/import.test.mjs \
	tests/system/bad_input.test.mjs tests/system/faults.test.mjs tests/system/browser.test.mjs \
	tests/system/gen.test.mjs tests/system/commit_lost.test.mjs tests/system/several_apis.test.mjs \
	tests/system/midnight.test.mjs tests/system/property.test.mjs tests/system/chaos.test.mjs \
	tests/bench/counts.test.mjs

# ---- Flags

comma := ,
BUILD ?= build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
export BUILD
PKGS = libh2o-evloop libmariadb jansson libsodium libutf8proc libcmark md4c

CC = gcc
WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla \
	-Wundef $(if $(DEV),-Werror)
CFLAGS = -O2 -g
# Fortified functions hide from AddressSanitizer what they check.
HARDEN = -fPIE -fstack-protector-strong $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
SANITIZE = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# pkg-config says nothing of H2O_USE_LIBUV, without which h2o.h wants libuv.
CPPFLAGS = -D_GNU_SOURCE -DH2O_USE_LIBUV=0 $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PKGS)))
LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed
LDLIBS = $(shell pkg-config --libs $(PKGS)) -pthread -lm

COMPILE = @echo 'cc $<'; $(CC) -std=c11 $(CPPFLAGS) $(WARNINGS) $(CFLAGS) $(HARDEN) $(SANITIZE) -MMD -MP -c -o $@ $<
LINK = @echo 'link $@'; $(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LDLIBS)

PROGRAMS = $(BUILD)/writ-api $(BUILD)/writ-gen
TESTS = $(addprefix $(BUILD)/tests/,$(UNIT_API) $(UNIT_GEN))
BENCH = $(addprefix $(BUILD)/tests/bench/,load rewrite)
objects = $(1:%=$(BUILD)/%.o)

.PHONY: all run test bench gen lint format clean packages-run packages-test packages-lint packages-bench
.DELETE_ON_ERROR:

# The empty command is for make not to say that there was nothing to do.
all: $(PROGRAMS)
	@:

$(BUILD)/writ-api: $(call objects,api/main $(API))
	$(LINK)
$(BUILD)/writ-gen: $(call objects,gen/main $(GEN))
	$(LINK)

$(addprefix $(BUILD)/tests/,$(UNIT_API)): $(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(call objects,$(API))
	$(LINK) -lcmocka
$(addprefix $(BUILD)/tests/,$(UNIT_GEN)): $(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(call objects,$(GEN))
	$(LINK) -lcmocka
$(BUILD)/tests/markdown_cli: $(call objects,tests/unit/markdown_cli $(COMMON) gen/markdown)
	$(LINK)

$(BENCH): %: %.o
	$(LINK)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(COMPILE)

-include $(patsubst %,$(BUILD)/%.d,api/main gen/main $(sort $(API) $(GEN)) \
	$(addprefix tests/unit/,$(UNIT_API) $(UNIT_GEN) $(TOOLS)))

# ---- What one does with it

# Packages first, then the programs: they cannot be built without.
run: packages-run
	@$(MAKE) --no-print-directory all
	@exec setpriv --pdeathsig TERM ./run.sh

test: packages-run packages-test
	@$(MAKE) --no-print-directory all $(TESTS) $(TOOLS:%=$(BUILD)/tests/%)
	@SAN="$(SAN)" tests/run $(TESTS) $(NODE_TESTS)

gen: packages-run
	@$(MAKE) --no-print-directory all
	@db/with.sh gen $(BUILD)/writ-gen once $(if $(INTO),--into "$(INTO)")

bench: packages-run packages-bench
	@$(MAKE) --no-print-directory all $(BENCH)
	@node tests/bench/bench.mjs

lint: packages-run packages-lint
	@CPPFLAGS='$(CPPFLAGS)' tests/lint

format: packages-lint
	@clang-format -i api/*.[ch] db/*.[ch] gen/*.[ch] templates/*.[ch] tests/unit/*.c

clean:
	rm -rf build

packages-run:
	@.ci/install $(PACKAGES_RUN)
packages-test:
	@.ci/install $(PACKAGES_TEST)
	@tests/install
packages-lint:
	@.ci/install $(PACKAGES_LINT)
# One by one: a peer that cannot be had is left out, and its rows say so.
packages-bench:
	@for package in $(PACKAGES_BENCH); do .ci/install "$$package" || echo "Left out: $$package"; done
