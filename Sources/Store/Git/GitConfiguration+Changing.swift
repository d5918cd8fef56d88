import CLibgit2
import Foundation

extension Store {
    /// Changes git's settings of the lineage: all that a body changes, or nothing.
    ///
    /// Libgit2 would write each setting for itself, flush none, and leave its lock behind where it is killed.
    package func changeConfiguration(_ change: (OpaquePointer) throws(StoreError) -> Void) throws(StoreError) {
        try requireWritable()
        let file = layout.repository.appending(path: "config")
        try layout.writing { () throws(StoreError) in
            let new = try Self.lock(file)
            do throws(StoreError) {
                try OpenFile(writing: new.path, flags: O_WRONLY | O_TRUNC).write(Self.content(of: file))
                var configuration: OpaquePointer?
                try GitRepository.check(git_config_open_ondisk(&configuration, new.path), "read git's configuration")
                defer { git_config_free(configuration) }
                if let configuration { try change(configuration) }
                var status = stat()
                if stat(file.path, &status) == 0 { chmod(new.path, status.st_mode & 0o777) }
                try OpenFile(reading: new.path).flush()
                try DurableFile.publish(new, as: file, below: layout.repository)
            } catch {
                unlink(new.path)
                throw error
            }
        }
    }

    /// Makes git's own lock of its settings, which becomes the new file. The caller holds the store's write lock, so no build
    /// holds git's; what is still there after a second was left by a process that was killed.
    private static func lock(_ file: URL) throws(StoreError) -> URL {
        let lock = file.appendingPathExtension("lock")
        for _ in 0..<20 {
            let descriptor = open(lock.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 {
                close(descriptor)
                return lock
            }
            guard errno == EEXIST else { throw .cannotWrite(path: lock.path, reason: StoreError.systemReason) }
            usleep(50_000)
        }
        return lock
    }

    private static func content(of file: URL) throws(StoreError) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: file))
        } catch {
            throw .cannotRead(path: file.path, reason: error.localizedDescription)
        }
    }
}
