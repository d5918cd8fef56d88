import BuildModel
import Foundation
import Store

extension Store {
    /// Fetches an origin's files and takes them in, whatever they are: what a lock file then pins.
    public func fetch(_ origin: FixedOutput.Origin, with fetcher: any SourceFetcher) async throws -> Artifact {
        try await fetch(origin, with: fetcher) { _ in }
    }

    /// - Parameter check: sees every file's path and digest before any is taken in.
    private func fetch(
        _ origin: FixedOutput.Origin, with fetcher: any SourceFetcher, check: ([FixedOutput.File]) throws -> Void
    ) async throws -> Artifact {
        let key = Digest(hashing: origin.described)
        let scratch = try makeScratch(for: key)
        defer { removeScratch(for: key) }
        let directory = scratch.appending(path: "files", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let paths = try await fetcher.fetch(origin, into: directory)
        try check(paths.map { .init(path: $0, digest: try digest(ofFileAt: directory.appending(path: $0).path)) })
        var files: [Artifact.File] = []
        for path in paths {
            let file = try importFile(at: directory.appending(path: path).path)
            files.append(.init(path: path, size: file.size, digest: file.digest))
        }
        return Artifact(files: files)
    }

    /// Fetches pinned files. A source of one file takes the one that comes, whatever its name; of several, each by its path.
    ///
    /// - Throws: `FetchError` where files are missing or other than they are pinned; nothing is taken in then.
    func fetch(_ source: FixedOutput, with fetcher: any SourceFetcher) async throws -> Artifact {
        let origin = source.origin.described
        let fetched = try await fetch(source.origin, with: fetcher) { files in
            for pinned in source.files {
                let file = source.files.count == 1 && files.count == 1 ? files.first : files.first { $0.path == pinned.path }
                guard let file else {
                    throw FetchError.unexpectedFiles(
                        origin: origin, wanted: "no single file '\(pinned.path)'", found: files.map(\.path))
                }
                if file.digest != pinned.digest {
                    throw FetchError.unexpectedDigest(origin: origin, expected: pinned.digest, found: file.digest)
                }
            }
        }
        return Artifact(
            files: source.files.compactMap { pinned in
                fetched.files.first { $0.digest == pinned.digest }.map { .init(path: pinned.path, size: $0.size, digest: $0.digest) }
            })
    }
}
