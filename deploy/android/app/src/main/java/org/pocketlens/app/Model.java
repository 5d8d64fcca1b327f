package org.pocketlens.app;

import android.content.res.AssetFileDescriptor;
import android.content.res.AssetManager;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import org.pocketlens.Classifier;
import org.pocketlens.LensException;
import org.pocketlens.Options;

/** The model in the app's assets, as export.py copied it there. */
final class Model {
    static final String MODEL = "model.ms";
    static final String SPEC = "spec.json";

    private Model() {}

    /** A file that should be in the app is not. */
    static final class MissingAsset extends Exception {
        private static final long serialVersionUID = 1L;

        MissingAsset(String name, Throwable cause) {
            super(name, cause);
        }
    }

    /** Opens the model; the classifier belongs to the calling thread. */
    static Classifier open(AssetManager assets, Options options)
            throws MissingAsset, IOException, LensException {
        byte[] spec;
        try (InputStream stream = assets.open(SPEC)) {
            spec = readAll(stream);
        } catch (FileNotFoundException e) {
            throw new MissingAsset(SPEC, e);
        }
        try (AssetFileDescriptor file = assets.openFd(MODEL);
                FileInputStream stream = new FileInputStream(file.getFileDescriptor())) {
            ByteBuffer bytes = stream.getChannel().map(
                    FileChannel.MapMode.READ_ONLY, file.getStartOffset(), file.getLength());
            return Classifier.open(bytes, spec, MODEL, options);
        } catch (FileNotFoundException e) {
            throw new MissingAsset(MODEL, e);
        }
    }

    private static byte[] readAll(InputStream stream) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] part = new byte[8192];
        for (int count = stream.read(part); count >= 0; count = stream.read(part)) {
            all.write(part, 0, count);
        }
        return all.toByteArray();
    }
}
