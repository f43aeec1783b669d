import Shell

Brood.main()
