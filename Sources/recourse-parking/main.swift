import Bootstrap

await WorkerProgram.mainOfParking()
