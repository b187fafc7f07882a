import Bootstrap

await RecourseCommand.start()
