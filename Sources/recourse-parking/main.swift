import Bootstrap
import Foundation

exit(await WorkerProgram.runParking())
