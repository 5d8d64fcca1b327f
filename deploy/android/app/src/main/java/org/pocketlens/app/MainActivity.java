package org.pocketlens.app;

import android.app.Activity;
import android.content.ActivityNotFoundException;
import android.content.ClipData;
import android.content.Intent;
import android.net.Uri;
import android.os.Build;
import android.os.Bundle;
import android.provider.MediaStore;
import android.view.View;
import android.view.ViewGroup;
import android.widget.ImageView;
import android.widget.ProgressBar;
import android.widget.TextView;
import android.widget.Toast;
import java.text.NumberFormat;
import java.util.Locale;
import org.pocketlens.Classification;
import org.pocketlens.Result;

/** The one screen: a photo, its best classes, the group and the time it took. */
public final class MainActivity extends Activity {
    private static final int PICK = 1;
    private static final int TAKE = 2;
    private static final String PHOTO = "photo";

    private Session session;
    private Locale language;

    @Override
    public void onCreate(Bundle saved) {
        super.onCreate(saved);
        setContentView(R.layout.main);
        language = Locale.forLanguageTag(getString(R.string.language));
        findViewById(R.id.pick).setOnClickListener(view -> pick());
        findViewById(R.id.take).setOnClickListener(view -> take());
        session = (Session) getLastNonConfigurationInstance(); // the phone was turned
        if (session == null) {
            session = new Session(this);
            String text = saved == null ? null : saved.getString(PHOTO);
            Uri photo = text == null ? null : Uri.parse(text);
            if (photo == null || CameraFile.isGone(this, photo)) {
                session.prepare();
            } else { // the system had ended the app in the background
                session.classify(photo);
            }
        }
        session.setListener(this::show);
        show();
    }

    @Override
    public Object onRetainNonConfigurationInstance() {
        return session;
    }

    @Override
    public void onSaveInstanceState(Bundle state) {
        super.onSaveInstanceState(state);
        if (session.photo() != null) {
            state.putString(PHOTO, session.photo().toString());
        }
    }

    @Override
    public void onDestroy() {
        if (isChangingConfigurations()) {
            session.setListener(null);
        } else {
            session.close();
        }
        super.onDestroy();
    }

    @Override
    public void onActivityResult(int request, int result, Intent data) {
        super.onActivityResult(request, result, data);
        if (result != RESULT_OK) {
            return;
        }
        if (request == TAKE) {
            session.classify(CameraFile.uri());
        } else if (request == PICK && data != null && data.getData() != null) {
            session.classify(data.getData());
        }
    }

    private void pick() {
        // The picker of Android 13 on; before it the documents screen. Both need no permission.
        Intent intent;
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
            intent = new Intent(MediaStore.ACTION_PICK_IMAGES);
        } else {
            intent = new Intent(Intent.ACTION_GET_CONTENT);
            intent.addCategory(Intent.CATEGORY_OPENABLE);
        }
        intent.setType("image/*");
        launch(intent, PICK, R.string.error_no_picker);
    }

    private void take() {
        CameraFile.clear(this);
        Uri file = CameraFile.uri();
        Intent intent = new Intent(MediaStore.ACTION_IMAGE_CAPTURE);
        intent.putExtra(MediaStore.EXTRA_OUTPUT, file);
        intent.setClipData(ClipData.newRawUri("", file)); // the flags apply to the clip
        intent.addFlags(
                Intent.FLAG_GRANT_WRITE_URI_PERMISSION | Intent.FLAG_GRANT_READ_URI_PERMISSION);
        launch(intent, TAKE, R.string.error_no_camera);
    }

    private void launch(Intent intent, int request, int otherwise) {
        try {
            startActivityForResult(intent, request);
        } catch (ActivityNotFoundException e) {
            Toast.makeText(this, otherwise, Toast.LENGTH_LONG).show();
        }
    }

    private void show() {
        Outcome outcome = session.outcome();
        ViewGroup rows = findViewById(R.id.rows);
        rows.removeAllViews();
        findViewById(R.id.working).setVisibility(session.isWorking() ? View.VISIBLE : View.GONE);
        showText(R.id.group, "");
        showText(R.id.time, "");
        showPhoto(outcome);
        TextView message = findViewById(R.id.message);
        message.setTextColor(getColor(R.color.text));
        if (session.isWorking()) {
            message.setText(R.string.working);
        } else if (outcome == null) {
            message.setText("");
        } else if (outcome.answer == null) {
            message.setTextColor(getColor(R.color.error));
            message.setText(getString(outcome.error, outcome.detail));
        } else {
            showAnswer(outcome, message, rows);
        }
    }

    private void showPhoto(Outcome outcome) {
        ImageView photo = findViewById(R.id.photo);
        boolean known = outcome != null && outcome.preview != null;
        photo.setImageBitmap(known ? outcome.preview : null);
        photo.setContentDescription(
                getString(known ? R.string.photo_shown : R.string.no_photo));
    }

    private void showAnswer(Outcome outcome, TextView message, ViewGroup rows) {
        Classification answer = outcome.answer;
        String name = answer.best().label.name(language);
        message.setText(answer.sure ? name : getString(R.string.not_sure, name));
        String group = answer.sure ? answer.best().label.group(language) : "";
        showText(R.id.group, group.isEmpty() ? "" : getString(R.string.group, group));
        for (Result result : answer.results) {
            rows.addView(row(result, rows));
        }
        showText(R.id.time, getString(R.string.time, whole(outcome.milliseconds)) + "\n"
                + getString(R.string.time_parts, whole(outcome.readMilliseconds),
                        whole(answer.times.prepare), whole(answer.times.inference)));
    }

    private View row(Result result, ViewGroup parent) {
        View row = getLayoutInflater().inflate(R.layout.row, parent, false);
        NumberFormat percent = NumberFormat.getPercentInstance(language);
        percent.setMinimumFractionDigits(2);
        percent.setMaximumFractionDigits(2);
        String name = result.label.name(language);
        String score = percent.format(result.score);
        String group = result.label.group(language);
        TextView nameView = row.findViewById(R.id.name);
        nameView.setText(name);
        TextView scoreView = row.findViewById(R.id.score);
        scoreView.setText(score);
        ProgressBar bar = row.findViewById(R.id.bar);
        bar.setProgress(Math.round(result.score * bar.getMax()));
        row.setContentDescription(group.isEmpty()
                ? getString(R.string.row_spoken, name, score)
                : getString(R.string.row_spoken_group, name, score, group));
        return row;
    }

    /** Hides the view when there is nothing to say. */
    private void showText(int id, String text) {
        TextView view = findViewById(id);
        view.setText(text);
        view.setVisibility(text.isEmpty() ? View.GONE : View.VISIBLE);
    }

    private String whole(double number) {
        return String.format(language, "%.0f", number);
    }
}
