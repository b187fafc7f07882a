import Bootstrap
import Stages

await WorkerProgram.main(ReportsStage())
