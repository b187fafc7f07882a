import Bootstrap
import Foundation
import Stages

exit(await WorkerProgram.run(IntakeStage()))
