import Testing

@testable import Bootstrap

@Suite struct `One program under all names` {
    private let workers = ["intake", "parking"]

    @Test(arguments: ["recourse-intake", "/usr/bin/recourse-intake", "./recourse-intake"])
    func `is the worker as which it is called`(path: String) {
        #expect(CalledProgram.role(calledAs: path, workers: workers) == "intake")
    }

    @Test(arguments: [
        "recourse", "/usr/bin/recourse", "/opt/recourse-intake/recourse", "recourse-", "recourse-desk", "", "/",
    ])
    func `is the command line under any other`(path: String) {
        #expect(CalledProgram.role(calledAs: path, workers: workers) == nil)
    }
}
