import Foundation
import Operations
import Policy
import Schema

/// Gathers the faults of several things that a program is configured by, so that all are told at once.
struct FaultGatherer {
    private var faults: [String] = []

    /// - Returns: nil if it has faults; they are kept.
    /// - Throws: whatever else `body` throws.
    mutating func take<Value>(_ body: () throws -> Value) throws -> Value? {
        do {
            return try body()
        } catch let found as ConfigurationFaults {
            faults += found.faults
        } catch let found as AnswerFaults {
            faults += found.faults
        }
        return nil
    }

    /// - Throws: `ConfigurationFaults` if anything had one.
    func finish() throws(ConfigurationFaults) {
        if !faults.isEmpty { throw ConfigurationFaults(faults: faults) }
    }
}

/// Reads a policy folder; the only place that opens its files.
package enum PolicyLoading {
    /// In bytes, of each file: a hundred times what a large chain needs.
    package static let fileLimit = 4 << 20

    /// Several folders, for any year.
    ///
    /// - Throws: `ConfigurationFaults` with the faults of all of them.
    package static func load(directories: [String]) throws(ConfigurationFaults) -> [PolicyBook] {
        var books: [PolicyBook] = []
        var faults: [String] = []
        for directory in directories {
            do throws(ConfigurationFaults) {
                books.append(try load(directory: directory, currentYear: nil))
            } catch {
                faults += error.faults
            }
        }
        guard faults.isEmpty else { throw ConfigurationFaults(faults: faults) }
        return books
    }

    /// - Parameter currentYear: the business year that the calendar must have; nil where any will do.
    /// - Throws: `ConfigurationFaults` with every fault, each with file, line and cause.
    package static func load(directory: String, currentYear: Int?) throws(ConfigurationFaults) -> PolicyBook {
        var faults: [String] = []
        func read(_ name: String) -> (text: String, path: String) {
            let path = directory + "/" + name
            do {
                let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
                guard size <= fileLimit else {
                    faults.append("read \(path): it has \(size) bytes; at most \(fileLimit) are read")
                    return ("", path)
                }
                return (try String(contentsOfFile: path, encoding: .utf8), path)
            } catch {
                faults.append("read \(path): the file is missing, not readable, or not UTF-8")
                return ("", path)
            }
        }
        let policy = read("policy.yaml")
        let organisation = read("organisation.yaml")
        let calendar = read("calendar.csv")
        let letters = letterNames(in: directory, &faults).map { name in
            let letter = read("letters/" + name)
            return PolicyFiles.Letter(name: name, path: letter.path, text: letter.text)
        }
        guard faults.isEmpty else { throw ConfigurationFaults(faults: faults) }
        let files = PolicyFiles(
            policy: policy.text, organisation: organisation.text, calendar: calendar.text, letters: letters,
            policyName: policy.path, organisationName: organisation.path, calendarName: calendar.path)
        switch PolicyBook.load(files, currentYear: currentYear) {
        case .success(let book): return book
        case .failure(let found): throw ConfigurationFaults(faults: found.faults.map(\.description))
        }
    }

    /// The files of the folder `letters`, sorted, without hidden files; none if there is no such folder.
    private static func letterNames(in directory: String, _ faults: inout [String]) -> [String] {
        let path = directory + "/letters"
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }.sorted()
        } catch {
            faults.append("read \(path): not a folder, or not readable")
            return []
        }
    }
}
