import BuildModel
import Foundation

/// The objects of a repository on this machine, in Git LFS's layout.
package struct ObjectFolder: Sendable {
    private let folder: URL

    init(_ folder: URL) { self.folder = folder }

    private func place(of digest: Digest) -> URL {
        let hex = digest.hex
        return folder.appending(path: "\(hex.prefix(2))/\(hex.dropFirst(2).prefix(2))/\(hex)")
    }

    /// Where an object lies and how many bytes it has; `nil` where it is absent. Links are not followed.
    package func object(_ digest: Digest) -> (url: URL, size: Int)? {
        let url = place(of: digest)
        var status = stat()
        guard lstat(url.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return (url, Int(status.st_size))
    }

    /// Takes a copy of an object in, hashed on the way.
    package func take(_ file: URL, as digest: Digest) throws(StoreError) {
        let temporary = folder.deletingLastPathComponent().appending(path: "tmp", directoryHint: .isDirectory)
        do {
            try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
        } catch {
            throw .cannotWrite(path: temporary.path, reason: error.localizedDescription)
        }
        let copy = try DurableFile.copy(file.path, into: temporary)
        guard copy.digest == digest else {
            unlink(copy.file.path)
            throw .damagedObject(digest)
        }
        try DurableFile.publish(copy.file, as: place(of: digest))
    }
}
