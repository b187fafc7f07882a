import Bootstrap

await CalledProgram.main()
