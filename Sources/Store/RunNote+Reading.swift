import CLibgit2
import CanonicalJSON
import Foundation

extension Store {
    /// The last run of a stage commit that was noted; `nil` where none was.
    public func run(of commit: CommitID) throws(StoreError) -> RunNote? {
        repository.withLock { repository in
            guard var target = GitRepository.id(commit.hex) else { return nil }
            var note: OpaquePointer?
            guard git_note_read(&note, repository.pointer, RunNotes.reference, &target) == 0 else { return nil }
            defer { git_note_free(note) }
            guard let text = git_note_message(note), let json = try? JSON(parsing: String(cString: text)) else { return nil }
            return RunNote(json: json)
        }
    }
}

extension RunNote {
    /// Reads a note back; `nil` where a field is missing or of another type.
    init?(json: JSON) {
        guard let host = json["host"]?.string, let text = json["started"]?.string,
            let started = try? Date(text, strategy: .iso8601), let seconds = json["seconds"]?.double
        else { return nil }
        self.init(host: host, started: started, seconds: seconds)
    }
}
