import Foundation

/// The folder `trust` of a store: whom and what its owner trusts. No remote and no build writes there.
extension Store {
    package var trustFolder: URL { layout.root.appending(path: "trust", directoryHint: .isDirectory) }

    /// The text of a file there; empty where there is none.
    package func trustText(_ name: String) throws(StoreError) -> String {
        let file = trustFolder.appending(path: name)
        guard FileManager.default.fileExists(atPath: file.path) else { return "" }
        do {
            return try String(contentsOf: file, encoding: .utf8)
        } catch {
            throw .cannotRead(path: file.path, reason: error.localizedDescription)
        }
    }

    /// Changes the text of a file there, while no other process does.
    package func editTrust<Result>(_ name: String, _ change: (inout String) throws -> Result) throws -> Result {
        let lock = try FileLock(layout.writeLock, .exclusive)
        defer { withExtendedLifetime(lock) {} }
        var text = try trustText(name)
        let result = try change(&text)
        try DurableFolder.make(trustFolder, below: layout.root)
        let file = trustFolder.appending(path: name)
        try StoreError.onWriting(file.path) { try Data(text.utf8).write(to: file, options: .atomic) }
        try DurableFolder.flush(trustFolder)
        return result
    }
}
