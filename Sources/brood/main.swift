import Shell

Brood.main(CommandLine.arguments)
