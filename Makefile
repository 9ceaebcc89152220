# Builds Writ below build/, and names the things that one does with it; what they do is in the scripts that they
# call. Every list is written out: what is not listed is not built.
#
#   DEV=1                   warnings are errors
#   SAN=address,undefined   the sanitizers, in a build folder of their own; or SAN=thread

# ---- Debian packages. An item 'command:package' is there when the command is, whoever brought it.

PACKAGES_RUN = gcc:gcc libc6-dev pkg-config:pkgconf libh2o-evloop-dev libmariadb-dev libjansson-dev libsodium-dev \
	libutf8proc-dev libcmark-dev libmd4c-dev mariadb-server-core mariadb-client-core nginx:nginx \
	libnginx-mod-http-brotli-filter curl:curl
PACKAGES_TEST = libcmocka-dev node:nodejs npm:npm chromium:chromium java:default-jre-headless libfaketime \
	valgrind:valgrind time
PACKAGES_FUZZ = clang:clang
PACKAGES_SCREENSHOTS = fonts-noto-cjk
PACKAGES_LINT = clang-format:clang-format clang-tidy:clang-tidy cppcheck:cppcheck shellcheck:shellcheck \
	yamllint:yamllint
PACKAGES_BACKUP = mariadb-dump:mariadb-client
PACKAGES_COMPOSE = dockerd:docker.io docker-compose:docker-compose iptables:iptables ip:iproute2 debootstrap:debootstrap age:age \
	openssl:openssl curl:curl node:nodejs libfaketime debsecan:debsecan
PACKAGES_BENCH = node:nodejs valgrind:valgrind time gunicorn:gunicorn python3-flask python3-sqlalchemy python3-mysqldb \
	hugo:hugo

# ---- Files, by room

COMMON = db/arena db/todo db/due db/name db/quick db/outline db/db \
	templates/buffer templates/escape templates/mustache templates/view
API = $(COMMON) db/batch db/decide db/load db/write db/credential \
	api/framing api/route api/header api/origin api/limit api/session api/body api/command api/kept api/reply \
	api/gate api/publisher api/writer api/sign_in api/exchange api/owner
GEN = $(COMMON) db/read \
	gen/settings gen/day gen/crew gen/row_cache gen/sequence_cache gen/markdown gen/views gen/render \
	gen/page gen/board_page gen/due_page gen/todo_page gen/list_page gen/names_page gen/stats_page gen/fixed_page \
	gen/authored_page gen/error_page gen/plan gen/assets gen/authored gen/publish gen/build gen/cycle gen/progress gen/trigger gen/keys gen/follow

# tests/unit/NAME.c, linked with the files of either program but its main.c.
UNIT_API = test_arena test_todo test_due test_name test_quick test_outline test_decide \
	test_buffer test_escape test_mustache test_view test_body test_command test_reply test_route \
	test_framing test_origin test_limit test_session
UNIT_GEN = test_markdown test_plan test_publish test_crew test_row_cache test_sequence_cache test_inventory
# Programs that tests run.
TOOLS = markdown_cli
# tests/fuzz/NAME.c, linked with what they try.
FUZZERS = body import markdown quick route template
FUZZED = $(COMMON) api/framing api/route api/header api/origin api/limit api/session api/body api/command api/kept \
	gen/markdown
# The longest first: several run at once.
NODE_TESTS = $(addprefix tests/,$(addsuffix .test.mjs,browser/looks system/typed bench/counts system/private system/supervisor \
	system/backup system/crowd system/gen system/session system/midnight system/several_apis system/database system/pages \
	browser/with_script browser/offline browser/without_script system/property system/stats system/rights system/commit_lost \
	system/faults system/framing system/tokens system/import system/forged system/bad_input system/main system/openapi \
	system/nginx unit/commonmark system/gen_beside browser/lighthouse system/chaos))

# What measures time, or wants the machine for itself.
ALONE = tests/system/gen_beside.test.mjs tests/browser/lighthouse.test.mjs tests/system/chaos.test.mjs
# What sanitizers have nothing to see in: our C is run by the others in the same ways.
UNSANITIZED = $(wildcard tests/browser/*.test.mjs) tests/bench/counts.test.mjs $(addprefix tests/system/,$(addsuffix .test.mjs,nginx \
	database supervisor rights crowd typed backup midnight openapi))
# What threads meet in no other way than in the others. Run with THOROUGH=1.
UNTHREADED = $(if $(THOROUGH),,tests/unit/commonmark.test.mjs $(addprefix tests/system/,$(addsuffix .test.mjs,pages gen framing \
	tokens import forged bad_input)))
SKIPPED = $(if $(SAN),$(UNSANITIZED)) $(if $(filter thread,$(SAN)),$(UNTHREADED))

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
FUZZ = $(FUZZERS:%=$(BUILD)/tests/fuzz/%)
BENCH = $(addprefix $(BUILD)/tests/bench/,load rewrite)
objects = $(1:%=$(BUILD)/%.o)

.PHONY: all run test screenshots bench fuzz fuzzers gen token tokens revoke passphrase backup restore secrets secrets-seal secrets-unseal \
	test-compose lint format clean packages-backup packages-compose packages-run packages-test packages-fuzz packages-screenshots packages-lint packages-bench
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

$(FUZZ): %: %.o $(call objects,$(FUZZED))
	$(LINK) -fsanitize=fuzzer

$(BENCH): %: %.o
	$(LINK)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(COMPILE)

-include $(patsubst %,$(BUILD)/%.d,api/main gen/main $(sort $(API) $(GEN)) \
	$(addprefix tests/unit/,$(UNIT_API) $(UNIT_GEN) $(TOOLS)) $(addprefix tests/fuzz/,$(FUZZERS)))

# ---- What one does with it

# Packages first, then the programs: they cannot be built without.
run: packages-run
	@$(MAKE) --no-print-directory all
	@exec setpriv --pdeathsig TERM ./run.sh

test: packages-run packages-test packages-backup
	@$(MAKE) --no-print-directory -s all $(TESTS) $(TOOLS:%=$(BUILD)/tests/%)
	@SAN="$(SAN)" tests/run $(TESTS) $(filter-out $(ALONE) $(SKIPPED),$(NODE_TESTS)) -- $(filter-out $(SKIPPED),$(ALONE))

# SECONDS is for each fuzzer. Clang brings the library that they are linked with; GCC has none.
fuzz: packages-run packages-fuzz
	@$(MAKE) --no-print-directory CC=clang SAN=fuzzer-no-link,address,undefined BUILD=$(BUILD)/fuzz fuzzers
fuzzers: $(FUZZ)
	@tests/fuzz/run $(or $(SECONDS),30) $(FUZZ)

token revoke: packages-run
	@$(MAKE) --no-print-directory all
	@db/with.sh api $(BUILD)/writ-api $@ "$(NAME)"
tokens passphrase: packages-run
	@$(MAKE) --no-print-directory all
	@db/with.sh api $(BUILD)/writ-api $@

gen: packages-run
	@$(MAKE) --no-print-directory all
	@db/with.sh $(if $(INTO),gen $(BUILD)/writ-gen once --into "$(INTO)",--service gen run/program/writ-gen once)

# The board in containers: against an engine that runs, or one that it starts.
test-compose:
	@tests/compose/run

backup: packages-run packages-backup
	@$(MAKE) --no-print-directory all
	@db/backup.sh

restore: packages-run
	@$(MAKE) --no-print-directory all
	@db/with.sh gen db/restore.sh "$(FROM)"

secrets:
	@db/container/secrets.sh make
# For the public key TO (or a file of them), or a passphrase; and back, with the file KEY of the private key.
secrets-seal:
	@.ci/install age:age
	@db/container/secrets.sh seal "$(TO)"
secrets-unseal:
	@.ci/install age:age
	@db/container/secrets.sh unseal "$(KEY)"

# The pictures in docs/, made anew. For people to look at: nothing compares them.
screenshots: packages-run packages-test packages-screenshots
	@$(MAKE) --no-print-directory all
	@node tests/browser/screenshots.mjs

bench: packages-run packages-bench
	@$(MAKE) --no-print-directory all $(BENCH)
	@node tests/bench/bench.mjs

lint: packages-run packages-lint
	@CPPFLAGS='$(CPPFLAGS)' tests/lint

format: packages-lint
	@clang-format -i api/*.[ch] db/*.[ch] gen/*.[ch] templates/*.[ch] tests/unit/*.c tests/fuzz/*.[ch]

clean:
	rm -rf build

packages-run:
	@.ci/install $(PACKAGES_RUN)
packages-test:
	@.ci/install $(PACKAGES_TEST)
	@tests/install
packages-screenshots:
	@.ci/install $(PACKAGES_SCREENSHOTS)
packages-fuzz:
	@.ci/install $(PACKAGES_FUZZ)
packages-backup:
	@.ci/install $(PACKAGES_BACKUP)
packages-compose:
	@.ci/install $(PACKAGES_COMPOSE)
packages-lint:
	@.ci/install $(PACKAGES_LINT)
# One by one: a peer that cannot be had is left out, and its rows say so.
packages-bench:
	@for package in $(PACKAGES_BENCH); do .ci/install "$$package" || echo "Left out: $$package"; done
