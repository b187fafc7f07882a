#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Makes folders and files that only their owner can read: the bodies hold names and telephone numbers.
enum PrivateFiles {
    /// Makes `folder` and the folders above it, where they are missing.
    static func makeFolder(_ folder: String, _ opening: FileOperation) throws {
        var path = ""
        for part in folder.split(separator: "/", omittingEmptySubsequences: false) {
            path += part
            if !path.isEmpty, access(path, F_OK) != 0, mkdir(path, 0o700) != 0, errno != EEXIST {
                throw opening.failure(call: "mkdir", code: errno)
            }
            path += "/"
        }
    }

    /// Makes an empty file where there is none; SQLite gives its companions the same mode.
    static func makeFile(_ path: String, _ opening: FileOperation) throws {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw opening.failure(call: "open", code: errno) }
        close(file)
    }
}
