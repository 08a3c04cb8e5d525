# The README's two commands. Each first installs what the machine lacks; infra/tools/install says what.

.PHONY: run test tools

run: tools
	cargo run

test: tools
	cargo test

tools:
	@infra/tools/install
